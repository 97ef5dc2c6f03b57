"""``<Connect><Stream>``: the call's audio to a bot and back (Twilio: TwiML Connect, Stream)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import Goto, Outcome
from ari_app.call.stream import run_stream
from ari_app.sids import new_sid
from twiml import Connect


async def run(ctx: CallContext, verb: Connect) -> Outcome:
    """Connect the stream and wait for its end, then go to ``action`` or the next verb."""
    sid = ctx.living_stream or new_sid("MZ")
    if not verb.action:
        await run_stream(ctx, verb.stream, sid)
        return None
    names = {"StreamSid": sid, "StreamName": verb.stream.name or sid}
    ctx.on_hangup = ctx.fetch(verb.action, verb.method, **names)
    result = await run_stream(ctx, verb.stream, sid)
    return Goto(ctx.fetch(verb.action, verb.method, **result.action_params()))
