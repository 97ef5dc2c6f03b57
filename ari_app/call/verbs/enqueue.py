"""``<Enqueue>``: wait in a queue until somebody dials it (Twilio: TwiML Enqueue)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from ari_app.call.context import CallContext
from ari_app.call.documents import DocumentError
from ari_app.call.nested import run_nested
from ari_app.call.outcome import End, Fetch, Goto, Outcome
from ari_app.call.queue.line import Handover, Left, Member, Redirected
from ari_app.call.waiting import MUSIC_VERBS, built_in, forever, paced
from ari_app.errors import TwilioError
from twiml import Enqueue, Gather, Hangup, Leave, Pause, Play, Redirect, Say

log = structlog.get_logger(__name__)

WAIT_VERBS = (Say, Play, Pause, Redirect, Hangup, Leave, Gather)


async def run(ctx: CallContext, verb: Enqueue) -> Outcome:
    """Wait, be bridged to whoever dials the queue, then go to ``action`` or the next verb.

    Raises TwilioError 11100 or 15004 for URLs that are none, and AriError.
    """
    action = ctx.fetch(verb.action, verb.method) if verb.action else None
    await ctx.answer()
    account_sid = ctx.progress.record.account_sid
    queue = await ctx.services.queues.open(
        ctx.services, account_sid, verb.name, verb.max_queue_size
    )
    try:
        member = queue.enter(ctx, verb.max_queue_size)
    except TwilioError as error:
        ctx.problem(error)
        params = {"QueueResult": "queue-full", "QueueSid": queue.record.sid, "QueueTime": "0"}
        return _goto(action, params)
    log.info("queue.entered", call_sid=ctx.call_sid, queue_sid=queue.record.sid)
    ctx.member = member
    try:
        return await _wait(ctx, verb, member, action)
    except asyncio.CancelledError:
        if ctx.leg.gone.done():
            if action is not None:  # told by the call itself, with its last status
                ctx.on_hangup = Fetch(action.endpoint, member.result_params("hangup"))
        else:
            redirected = "redirected-from-bridged" if member.turn.done() else "redirected"
            _tell(ctx, action, member.result_params("hangup" if ctx.ending else redirected))
        raise
    finally:
        ctx.member = None
        member.take(Left())


async def _wait(ctx: CallContext, verb: Enqueue, member: Member, action: Fetch | None) -> Outcome:
    """Hear the wait document until the turn comes, and do what it says."""
    music = asyncio.create_task(_music(ctx, verb, member))
    try:
        either: set[asyncio.Future[Any]] = {music, member.turn}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not member.turn.done():
            return await _over(ctx, music, member, action)
    finally:
        music.cancel()
        await asyncio.gather(music, return_exceptions=True)
    match member.turn.result():
        case Handover() as handover:
            await _bridged(ctx, handover, member)
            return _goto(action, member.result_params("bridged"))
        case Redirected(source):
            _tell(ctx, action, member.result_params("redirected"))
            return Goto(source)
        case Left():
            return _goto(action, member.result_params("leave"))


async def _over(
    ctx: CallContext, music: asyncio.Task[End], member: Member, action: Fetch | None
) -> Outcome:
    """The wait document has ended the waiting: by ``<Hangup>``, or because it failed."""
    try:
        end = music.result()
    except (DocumentError, TwilioError) as error:
        if isinstance(error, TwilioError):
            ctx.problem(error)
        return _goto(action, member.result_params("error"))
    _tell(ctx, action, member.result_params("hangup"))
    return end


async def _music(ctx: CallContext, verb: Enqueue, member: Member) -> End:
    """Let the caller hear what there is; ends with what a ``<Hangup>`` said."""
    if verb.wait_url is None:
        await built_in(ctx)
    if not verb.wait_url:
        await forever()
    while True:
        source = ctx.fetch(verb.wait_url or "", verb.wait_url_method, **member.wait_params())
        outcome = await paced(run_nested(ctx, source, WAIT_VERBS))
        if isinstance(outcome, End):
            return outcome


async def _bridged(ctx: CallContext, handover: Handover, member: Member) -> None:
    """Hear the document of whoever dials the queue, then talk with him until he goes."""
    try:
        if handover.whisper is not None:
            params = {
                "DequeingCallSid": handover.agent_sid,
                "QueueSid": member.queue.record.sid,
                "QueueTime": str(member.waited),
            }
            try:
                await run_nested(ctx, Fetch(handover.whisper.endpoint, params), MUSIC_VERBS)
            except DocumentError:
                log.info("queue.no_whisper", call_sid=ctx.call_sid)  # it was reported
        handover.ready.set()
        await handover.over.wait()
    finally:
        handover.gone.set()


def _goto(action: Fetch | None, params: Mapping[str, str]) -> Outcome:
    return None if action is None else Goto(Fetch(action.endpoint, params))


def _tell(ctx: CallContext, action: Fetch | None, params: Mapping[str, str]) -> None:
    """Tell the action though its document is not run."""
    if action is None:
        return
    record, told = ctx.progress.record, {**ctx.progress.voice_params(), **params}
    ctx.journal.later(
        lambda: ctx.services.callbacks.enqueue(
            url=action.endpoint.url,
            method=action.endpoint.method,
            params=told,
            account_sid=record.account_sid,
            call_sid=record.sid,
        )
    )
