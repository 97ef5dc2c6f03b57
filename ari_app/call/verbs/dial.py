"""``<Dial>``: ring others and talk to the first that answers (Twilio: TwiML Dial)."""

from __future__ import annotations

import asyncio

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.child import Child
from ari_app.call.context import CallContext
from ari_app.call.dial_plan import plan
from ari_app.call.dial_result import DialResult
from ari_app.call.dial_room import run_room
from ari_app.call.outcome import Goto, Outcome
from ari_app.call.recorded import DialRecording
from ari_app.call.ringback import ringback
from ari_app.call.ringing import ring
from ari_app.model import CallStatus
from twiml import Dial, DialClient, DialConference, DialNumber, DialQueue, DialSip

log = structlog.get_logger(__name__)

#: Seconds that the news of a hang-up may come after the failures it causes.
GONE_SECONDS = 0.5
HANGUP_KEY = "*"


async def run(ctx: CallContext, verb: Dial) -> Outcome:
    """Ring the nouns and bridge the winner; then ``action`` or the next verb.

    The caller who hangs up inside has ``action`` asked once all the same.
    """
    for noun in verb.nouns:
        if isinstance(noun, DialConference | DialQueue):  # always alone
            return await run_room(ctx, verb, noun)
    if verb.action:
        ctx.resolve(verb.action)  # a bad address is told before anybody's telephone rings
    result = DialResult(DialRecording(ctx, verb))
    try:
        await _dial(ctx, verb, result)
    finally:
        await result.recording.end()
        # Also when the caller has left, or when the call goes on elsewhere: then it is not used.
        if verb.action:
            ctx.on_hangup = ctx.fetch(verb.action, verb.method, **result.params(ctx))
    return Goto(ctx.on_hangup) if ctx.on_hangup else None


async def _dial(ctx: CallContext, verb: Dial, result: DialResult) -> None:
    nouns = [n for n in verb.nouns if isinstance(n, DialNumber | DialSip | DialClient)]
    if not verb.answer_on_bridge:
        await ctx.answer()
    plans = await plan(ctx, verb, nouns)
    if nouns and all(isinstance(noun, DialClient) for noun in nouns):
        result.unreached = CallStatus.NO_ANSWER  # as a client that is not registered
    await result.recording.at("ringing")
    async with ringback(ctx.leg, verb.ring_tone):
        winner = await ring(ctx, plans, result.rung, sequential=verb.sequential)
    if winner is not None:
        result.winner = winner
        await _talk(ctx, verb, winner, result)


async def _talk(ctx: CallContext, verb: Dial, child: Child, result: DialResult) -> None:
    """Bridge caller and callee until either leaves, the caller's star, or the time limit."""
    services = ctx.services
    bridge_id = f"{child.record.sid}-dial"
    starred = asyncio.Event()

    def on_key(key: str) -> None:
        if verb.hangup_on_star and key == HANGUP_KEY:
            starred.set()

    unlisten = ctx.leg.listen(on_key)
    try:
        with child.joined():
            async with services.bridges.mixing(ctx.leg.ari, bridge_id) as bridge:
                await ctx.answer()
                result.bridged = True  # also when the call is over as soon as this is done
                await result.recording.at("answer")
                await bridge.add(ctx.leg.channel_id, child.leg.channel_id)
                log.info("dial.bridged", call_sid=ctx.call_sid, child_sid=child.record.sid)
                await child.until(starred)
    except AriError:
        result.bridged = False
        # Whoever has just hung up cannot be bridged: that is no fault.
        if not child.over.is_set() and not await child.leg.gone_within(GONE_SECONDS):
            raise
    finally:
        unlisten()
        await child.end(CallStatus.COMPLETED)
