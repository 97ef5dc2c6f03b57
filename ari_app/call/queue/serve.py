"""``<Dial><Queue>``: whoever dials a queue talks with the caller in front of it."""

from __future__ import annotations

import asyncio
import math

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.context import CallContext
from ari_app.call.queue.line import Handover, Member, Queue
from ari_app.errors import StoreUnavailable
from twiml import Dial, DialQueue

log = structlog.get_logger(__name__)

#: Twilio: <Dial><Queue> that names no queue.
NO_SUCH_QUEUE = 14212
#: Seconds that the news of a hang-up may come after the failures it causes.
GONE_SECONDS = 0.5


async def serve(ctx: CallContext, noun: DialQueue, dial: Dial, told: dict[str, str]) -> None:
    """Talk with the queue's first caller; ``told`` is for Dial's action.

    An empty queue is waited for, ``dial.timeout`` seconds at most. Raises AriError, and
    TwilioError 11100 or 15004 for a ``url`` that is none.
    """
    await ctx.answer()
    whisper = ctx.fetch(noun.url, noun.method) if noun.url else None
    until = asyncio.get_running_loop().time() + dial.timeout
    while True:
        # Looked up anew each time: one in and for which nobody waits is not kept.
        queue = await _queue(ctx, noun.name)
        if queue is None:
            return
        told |= {"DialCallStatus": "no-answer", "QueueSid": queue.record.sid}
        try:
            async with asyncio.timeout_at(until):
                member = await queue.next()
        except TimeoutError:
            return
        if await _Talk(ctx, member, Handover(ctx.call_sid, whisper), dial).run(told):
            return


async def _queue(ctx: CallContext, name: str) -> Queue | None:
    """Return the account's queue of that name; that there is none is reported."""
    try:
        queue = await ctx.services.queues.named(ctx.progress.record.account_sid, name)
    except StoreUnavailable as error:
        ctx.problems.report(NO_SUCH_QUEUE, f"queue {name!r} cannot be looked up: {error}")
        return None
    if queue is None:
        ctx.problems.report(NO_SUCH_QUEUE, f"there is no queue {name!r}")
    return queue


class _Talk:
    """One caller's talk with the one who dialled."""

    def __init__(self, ctx: CallContext, member: Member, handover: Handover, dial: Dial) -> None:
        self._ctx = ctx
        self._member = member
        self._handover = handover
        self._dial = dial
        self._star = asyncio.Event()
        #: At once: nobody else may take him, and he must not wait on.
        member.take(handover)

    async def run(self, told: dict[str, str]) -> bool:
        """Bridge both until one of them goes; False when the caller went before."""
        ctx, member, handover = self._ctx, self._member, self._handover
        bridge_id = f"{member.ctx.call_sid}-queue"
        unlisten = ctx.leg.listen(self._on_key)
        try:
            if not await _first(handover.ready, handover.gone):
                return False
            log.info("queue.bridged", call_sid=ctx.call_sid, caller=member.ctx.call_sid)
            async with ctx.services.bridges.mixing(ctx.leg.ari, bridge_id) as bridge:
                told |= {
                    "DialCallSid": member.ctx.call_sid,
                    "DialCallStatus": "completed",
                    "DequeingCallSid": ctx.call_sid,
                    "QueueTime": str(member.waited),
                }
                await bridge.add(ctx.leg.channel_id, member.ctx.leg.channel_id)
                await self._until_over(told)
        except AriError:
            # Who has just hung up cannot be bridged; then the next caller is called up.
            if not await member.ctx.leg.gone_within(GONE_SECONDS):
                raise
            return "DialBridged" in told
        finally:
            unlisten()
            handover.over.set()
        return True

    async def _until_over(self, told: dict[str, str]) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        told |= {"DialBridged": "true"}
        try:
            async with asyncio.timeout(self._dial.time_limit):
                await _first(self._star, self._handover.gone)
        except TimeoutError:
            log.info("queue.time_over", call_sid=self._ctx.call_sid)
        finally:
            told["DialCallDuration"] = str(math.ceil(clock() - began))

    def _on_key(self, key: str) -> None:
        if key == "*" and self._dial.hangup_on_star:
            self._star.set()


async def _first(wanted: asyncio.Event, other: asyncio.Event) -> bool:
    """Wait for either; tell whether it was ``wanted`` alone."""
    waits = [asyncio.create_task(event.wait()) for event in (wanted, other)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return not other.is_set()
