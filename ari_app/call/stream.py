"""One bidirectional Media Stream of a call, from opening to its last callback.

Twilio: Media Streams, ``<Stream>`` attributes and stream status callbacks. A stream that
fails never fails the call: the problem is told with its number and the next verb runs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.context import CallContext
from ari_app.call.media import adopted_media, external_media
from ari_app.call.ports import Services, StreamEnd, StreamRequest
from ari_app.call.ports import Stream as RunningStream
from ari_app.errors import TwilioError
from ari_app.model import CallRecord
from ari_app.params import StreamEvent, stream_status_params
from ari_app.urls import safe
from twiml import Stream, TwimlError

log = structlog.get_logger(__name__)

#: Seconds that audio already sent may take through Asterisk before its bridge goes. A bot that
#: closes when its mark comes back would else cut off the last frame, which the mark calls played.
SETTLE = 0.1

#: Seconds that the news of a hang-up may come after the failures it causes.
GONE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class StreamResult:
    """How the stream ended, for the ``<Connect action>`` request."""

    sid: str
    name: str
    end: StreamEnd

    def action_params(self) -> dict[str, str]:
        """Return the parameters that the action request carries beside the standard ones."""
        params = {"StreamSid": self.sid, "StreamName": self.name}
        if self.end.code is not None:
            params |= {"ErrorCode": str(self.end.code), "ErrorMessage": self.end.message}
        return params


class Watcher:
    """What the worker tells of a stream, turned into callbacks and problems."""

    def __init__(self, ctx: CallContext, noun: Stream, sid: str, *, started: bool = False) -> None:
        self._ctx = ctx
        self._noun = noun
        self._sid = sid
        self._name = noun.name or sid
        self._started = started
        self._callback_url = noun.status_callback or ""
        if self._callback_url and not _is_absolute(self._callback_url):
            if not started:
                text = "the stream's statusCallback must be absolute"
                ctx.problems.report(11200, text, url=safe(self._callback_url))
            self._callback_url = ""

    def started(self) -> None:
        """The bot accepted the stream."""
        self._started = True
        log.info("stream.started", call_sid=self._ctx.call_sid, stream_sid=self._sid)
        self.callback("stream-started")

    def warned(self, code: int, message: str) -> None:
        """A message or media was ignored or dropped."""
        self._ctx.problems.report(code, f"stream {self._sid}: {message}", url=safe(self._noun.url))

    def ended(self, end: StreamEnd) -> None:
        """Tell the end, with the problem when there was one."""
        log.info(
            "stream.ended",
            call_sid=self._ctx.call_sid,
            stream_sid=self._sid,
            cause=end.cause,
            code=end.code,
        )
        if end.code is None:
            if self._started:  # the caller may have left before the bot was reached
                self.callback("stream-stopped")
            return
        self._ctx.problems.report(end.code, end.message, url=safe(self._noun.url))
        self.callback("stream-error", f"{end.code} {end.message}")

    def callback(self, event: StreamEvent, error: str = "") -> None:
        """Queue a stream status callback when the noun asks for them."""
        url = self._callback_url
        if not url:
            return
        ctx = self._ctx
        record = ctx.progress.record
        params = stream_status_params(
            account_sid=record.account_sid,
            call_sid=record.sid,
            stream_sid=self._sid,
            name=self._name,
            event=event,
            error=error,
            timestamp=ctx.services.now(),
        )
        ctx.journal.later(
            lambda: ctx.services.callbacks.enqueue(
                url=url,
                method=self._noun.status_callback_method,
                params=params,
                account_sid=record.account_sid,
                call_sid=record.sid,
            )
        )


async def run_stream(ctx: CallContext, noun: Stream, sid: str) -> StreamResult:
    """Run a bidirectional stream to its end; cancelled, it sends ``stop`` and cleans up.

    With the SID of the call's living stream it goes on with that one.
    """
    living = sid if sid == ctx.living_stream else None
    watcher = Watcher(ctx, noun, sid, started=living is not None)
    end = StreamEnd("requested", None, "")
    try:
        if living is not None:
            end = await _go_on(ctx, living, watcher)
        else:
            end = await _connect(ctx, noun, sid, watcher)
    except TwilioError as error:
        end = StreamEnd("error", error.code, error.message)
    except (AriError, TimeoutError) as error:
        # Requests for a channel that is just hung up fail too: that is no fault to be told.
        if not await ctx.leg.gone_within(GONE_SECONDS):
            end = StreamEnd("error", 31900, f"Asterisk refused the media leg: {error}")
    finally:
        watcher.ended(end)
    return StreamResult(sid, noun.name or sid, end)


async def release_living(ctx: CallContext) -> None:
    """Stop the stream and `<Record>` of an earlier process that no verb has gone on with."""
    recording = ctx.services.recorder.take_left(ctx.call_sid)
    if recording is not None:
        await recording.stop()
    sid, ctx.living_stream = ctx.living_stream, None
    if sid is None:
        return
    async with adopted_media(ctx.leg, sid):
        await stop_unclaimed(ctx.services, sid, ctx.progress.record)


async def stop_unclaimed(services: Services, sid: str, call: CallRecord | None = None) -> None:
    """Stop a stream of an earlier process whose call does not go on with it."""
    stream = services.streams.adopt(sid, _Ignored(), call)
    if stream is not None:
        log.info("stream.released", stream_sid=sid)
        await stream.stop()


def _is_absolute(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


class _Ignored:
    """Watches a stream whose noun is not known any more."""

    def started(self) -> None:
        """Nobody asked."""

    def warned(self, code: int, message: str) -> None:
        """Nobody is left to be warned."""


async def _go_on(ctx: CallContext, sid: str, watcher: Watcher) -> StreamEnd:
    """Go on with a stream that outlived an earlier process."""
    async with adopted_media(ctx.leg, sid) as media_ended:
        ctx.living_stream = None
        stream = ctx.services.streams.adopt(sid, watcher, ctx.progress.record)
        if stream is None:
            return StreamEnd("error", 31900, "the stream ended while the app was away")
        return await _until_closed(ctx, stream, media_ended)


async def _connect(ctx: CallContext, noun: Stream, sid: str, watcher: Watcher) -> StreamEnd:
    url = _target(ctx, noun)
    worker = ctx.services.streams.pick()
    app = ctx.services.settings.app
    async with external_media(ctx.leg, worker, app, sid, ctx.answer) as media:
        request = StreamRequest(
            stream_sid=sid,
            call_sid=ctx.call_sid,
            account_sid=ctx.progress.record.account_sid,
            url=url,
            headers={"X-Twilio-Signature": ctx.services.sign(ctx.auth_token, url)},
            name=noun.name or sid,
            codec=ctx.leg.codec,
            peer_host=media.peer_host,
            peer_port=media.peer_port,
            parameters=noun.parameters,
        )
        stream = await ctx.services.streams.open(worker, request, watcher)
        return await _until_closed(ctx, stream, media.ended)


async def _until_closed(
    ctx: CallContext, stream: RunningStream, media_ended: asyncio.Event
) -> StreamEnd:
    """Pass keys on until the stream ends, or its media channel; leaving earlier stops it."""
    unlisten = ctx.leg.listen(stream.dtmf)
    closed = asyncio.ensure_future(stream.closed())
    deaf = asyncio.ensure_future(media_ended.wait())
    try:
        await asyncio.wait({closed, deaf}, return_when=asyncio.FIRST_COMPLETED)
        if closed.done():
            await asyncio.sleep(SETTLE)
            return closed.result()
        # Gone together with the caller's channel (a restart of Asterisk), it is no fault.
        if await ctx.leg.gone_within(GONE_SECONDS):
            return StreamEnd("requested", None, "")
        return StreamEnd("error", 31900, "Asterisk ended the media channel")
    finally:
        closed.cancel()
        deaf.cancel()
        unlisten()
        await stream.stop()


def _target(ctx: CallContext, noun: Stream) -> str:
    """Return the address to connect to; raises TwilioError 31922, 31923, 31940, 31941."""
    try:
        return noun.target(
            ctx.document.url if ctx.document else None,
            keep_query=ctx.services.settings.stream_keep_query,
        )
    except TwimlError as error:
        raise TwilioError(error.code, error.message) from error
