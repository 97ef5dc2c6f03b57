"""``<Dial>``: ring others and talk to the first that answers (Twilio: TwiML Dial)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.context import CallContext
from ari_app.call.dial.bridge import together
from ari_app.call.dial.child import Child
from ari_app.call.dial.plan import plan
from ari_app.call.dial.result import DialResult
from ari_app.call.dial.ringback import ringback
from ari_app.call.dial.ringing import ring
from ari_app.call.dial.room import run_room
from ari_app.call.outcome import Goto, Outcome
from ari_app.call.recordings.recorded import DialRecording
from ari_app.model import CallStatus
from twiml import Dial, DialClient, DialConference, DialNumber, DialQueue, DialSip

log = structlog.get_logger(__name__)

#: Seconds that the news of a hang-up may come after the failures it causes.
GONE_SECONDS = 0.5
HANGUP_KEY = "*"
NO_REFER_URL = 13802


async def run(ctx: CallContext, verb: Dial) -> Outcome:
    """Ring the nouns and bridge the winner; then ``action`` or the next verb.

    The caller who hangs up inside has ``action`` asked once all the same.
    """
    for noun in verb.nouns:
        if isinstance(noun, DialConference | DialQueue):  # always alone
            return await run_room(ctx, verb, noun)
    for url in filter(None, (verb.action, verb.refer_url)):
        ctx.resolve(url)  # a bad address is told before anybody's telephone rings
    result = DialResult(DialRecording(ctx, verb))
    try:
        await _dial(ctx, verb, result)
    finally:
        await result.recording.end()
        # Also when the caller has left, or when the call goes on elsewhere: then it is not used.
        if verb.action:
            ctx.on_hangup = ctx.fetch(verb.action, verb.method, **result.params(ctx))
    if result.refer_to and verb.refer_url:
        target = {"ReferTransferTarget": result.refer_to}
        return Goto(ctx.fetch(verb.refer_url, verb.refer_method, **target))
    return Goto(ctx.on_hangup) if ctx.on_hangup else None


async def _dial(ctx: CallContext, verb: Dial, result: DialResult) -> None:
    nouns = [n for n in verb.nouns if isinstance(n, DialNumber | DialSip | DialClient)]
    living, ctx.living_child = ctx.living_child, None
    if ctx.lost_child is not None:
        result.lost, result.bridged = ctx.lost_child, True
        return
    if living is not None:
        await _talk(ctx, verb, living, result, living=True)
        return
    if not verb.answer_on_bridge:
        await ctx.answer()
    plans = await plan(ctx, verb, nouns)
    if nouns and all(isinstance(noun, DialClient) for noun in nouns):
        result.unreached = CallStatus.NO_ANSWER  # as a client that is not registered
    await result.recording.at("ringing")
    # The addresses of one party are tried one by one.
    sequential = verb.sequential or len(nouns) == 1
    if sequential and verb.ring_tone is None:
        plans = [replace(one, early=True) for one in plans]
        winner = await ring(ctx, plans, result.rung, sequential=True)
    else:
        async with ringback(ctx.leg, verb.ring_tone):
            winner = await ring(ctx, plans, result.rung, sequential=sequential)
    if winner is not None:
        await _talk(ctx, verb, winner, result)


async def _talk(
    ctx: CallContext, verb: Dial, child: Child, result: DialResult, *, living: bool = False
) -> None:
    """Bridge caller and callee until either leaves, the caller's star, the callee's REFER, or the
    time limit.

    ``living``: they have been talking since before this process began.
    """
    result.winner = child
    finished = asyncio.Event()

    def on_key(key: str) -> None:
        if verb.hangup_on_star and key == HANGUP_KEY:
            finished.set()

    def on_refer(target: str) -> bool:
        if not verb.refer_url:
            ctx.problems.report(NO_REFER_URL, f"the callee wants a transfer to {target[:256]!r}")
            return False
        result.refer_to = target
        finished.set()
        return True

    unlisten = [ctx.leg.listen(on_key), child.leg.listen_refer(on_refer)]
    try:
        result.bridged = True  # also when the call is over as soon as this is done
        async with together(ctx, child, result.recording, living=living):
            log.info("dial.bridged", call_sid=ctx.call_sid, child_sid=child.record.sid)
            await child.until(finished)
    except AriError:
        result.bridged = False
        # Whoever has just hung up cannot be bridged: that is no fault.
        if not child.over.is_set() and not await child.leg.gone_within(GONE_SECONDS):
            raise
    finally:
        for one in unlisten:
            one()
        await child.end(CallStatus.COMPLETED)
