"""``<Hangup>``: end the call (Twilio: TwiML Hangup)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import End, Outcome
from twiml import Hangup


async def run(ctx: CallContext, verb: Hangup) -> Outcome:
    """End the call; an unanswered one is declined, never answered."""
    return End()
