"""A verb of Twilio's that this switch does not run: said once, then the next verb."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import Outcome
from twiml import Unsupported

UNSUPPORTED_VERB = 13750


async def run(ctx: CallContext, verb: Unsupported) -> Outcome:
    """Report 13750 with what to use instead and go on."""
    ctx.problems.report(UNSUPPORTED_VERB, f"<{verb.name}>: {verb.message}")
    return None
