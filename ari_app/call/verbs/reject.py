"""``<Reject>``: refuse an unanswered call (Twilio: TwiML Reject)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import End, Outcome
from ari_app.model import CallStatus
from twiml import Reject

#: Q.850 causes that Asterisk turns into SIP 486 and 603.
USER_BUSY = 17
NORMAL_CLEARING = 16


async def run(ctx: CallContext, verb: Reject) -> Outcome:
    """Refuse with busy (486) or decline (603); an answered call is hung up instead."""
    if ctx.leg.answered:
        return End()
    if verb.reason == "busy":
        return End(cause=USER_BUSY, status=CallStatus.BUSY, sip_code=486)
    return End(cause=NORMAL_CLEARING, status=CallStatus.NO_ANSWER, sip_code=603)
