"""``<Stop>``: end what ``<Start>`` began (Twilio: TwiML Stop)."""

from __future__ import annotations

from ari_app.call.beside import stop_recording
from ari_app.call.context import CallContext
from ari_app.call.outcome import Outcome
from twiml import Stop

NOT_RUNNING = 12200


async def run(ctx: CallContext, verb: Stop) -> Outcome:
    """Stop every noun, by name or SID; returns when they have cleaned up.

    What is not running is told as warning 12200.
    """
    for noun in verb.nouns:
        if not noun.name or not await _stopped(ctx, noun.kind, noun.name):
            named = f"named {noun.name!r}" if noun.name else "without a name"
            ctx.problems.report(NOT_RUNNING, f"<Stop>: no {noun.kind} {named} is running")
    return None


async def _stopped(ctx: CallContext, kind: str, name: str) -> bool:
    if kind == "Recording":
        return await stop_recording(ctx, name)
    return await ctx.background.stop(kind.lower(), name)
