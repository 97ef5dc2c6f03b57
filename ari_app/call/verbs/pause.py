"""``<Pause>``: wait in silence (Twilio: TwiML Pause)."""

from __future__ import annotations

import asyncio

from ari_app.call.context import CallContext
from ari_app.call.outcome import Outcome
from twiml import Pause


async def run(ctx: CallContext, verb: Pause) -> Outcome:
    """Wait ``length`` seconds; an unanswered call rings on meanwhile and is answered then."""
    await asyncio.sleep(verb.length)
    await ctx.answer()
    return None
