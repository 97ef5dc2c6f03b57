"""``<Leave>``: out of the queue (Twilio: TwiML Leave)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import Outcome
from ari_app.call.queue.line import Left
from ari_app.call.waiting import forever
from twiml import Leave


async def run(ctx: CallContext, verb: Leave) -> Outcome:
    """Leave the queue whose wait document this is; without effect anywhere else."""
    if ctx.member is None:
        return None
    ctx.member.take(Left())
    await forever()  # <Enqueue> goes on and ends this document
    return None
