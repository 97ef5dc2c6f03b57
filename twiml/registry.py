"""The verbs by name. A new verb is one file in ``twiml/verbs`` and one line here."""

from __future__ import annotations

from twiml.schema import VerbSpec
from twiml.verbs import connect, hangup, pause, play, redirect, reject, say, unsupported

VERBS: dict[str, VerbSpec] = {
    module.SPEC.name: module.SPEC
    for module in (connect, hangup, pause, play, redirect, reject, say)
}

#: Known to Twilio, not run here: name to what to use instead.
UNSUPPORTED: dict[str, str] = {
    name: advice for name, advice in unsupported.VERBS.items() if name not in VERBS
}
