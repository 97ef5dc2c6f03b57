"""The verbs by name. A new verb is one file in ``twiml/verbs`` and one line here."""

from __future__ import annotations

from twiml.model import Verb
from twiml.schema import VerbSpec
from twiml.verbs import (
    connect,
    dial,
    echo,
    enqueue,
    gather,
    hangup,
    leave,
    pause,
    play,
    record,
    redirect,
    refer,
    reject,
    say,
    start,
    stop,
    unsupported,
)

VERBS: dict[str, VerbSpec] = {
    module.SPEC.name: module.SPEC
    for module in (
        connect,
        dial,
        echo,
        enqueue,
        gather,
        hangup,
        leave,
        pause,
        play,
        record,
        redirect,
        refer,
        reject,
        say,
        start,
        stop,
    )
}

#: Known to Twilio, not run here: name to what to use instead.
UNSUPPORTED: dict[str, str] = unsupported.VERBS


def advice(verb: Verb) -> str:
    """Return what the reference page says of a verb that nothing runs: what to use instead."""
    return VERBS[type(verb).__name__].note
