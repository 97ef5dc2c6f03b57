"""One-way Media Streams of a call, beside whatever its verbs do.

Twilio: ``<Start><Stream>``, Call Streams resource. A stream that fails never fails the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.background import Job, NameTakenError, TooManyJobsError
from ari_app.call.context import CallContext
from ari_app.call.ports import Stream as RunningStream
from ari_app.call.ports import StreamEnd, StreamRequest, StreamSource, StreamWatcher
from ari_app.call.stream import GONE_SECONDS, Watcher
from ari_app.call.tap import Tap, Track, taps
from ari_app.errors import TwilioError
from twiml import Stream, TwimlError

log = structlog.get_logger(__name__)

KIND = "stream"
#: Twilio: "up to four tracks" of one-way streams a call.
MAX_TRACKS = 4
QUOTA = 31960
FAILED = 31900

TRACKS: dict[str, tuple[Track, ...]] = {
    "inbound_track": ("inbound",),
    "outbound_track": ("outbound",),
    "both_tracks": ("inbound", "outbound"),
}


def start_stream(ctx: CallContext, noun: Stream, sid: str) -> Job:
    """Start a one-way stream of the call's audio and return at once.

    Raises TwilioError 31922, 31923, 31940, 31941 for what cannot be connected to, 31960 for
    more tracks than a call may send, 31900 for a name that is taken.
    """
    try:
        url = noun.target(
            ctx.document.url if ctx.document else None,
            keep_query=ctx.services.settings.stream_keep_query,
            one_way=True,
        )
    except TwimlError as error:
        raise TwilioError(error.code, error.message) from error
    tracks = TRACKS[noun.track]
    background = ctx.background
    if sum(job.weight for job in background.of(KIND)) + len(tracks) > MAX_TRACKS:
        raise TwilioError(QUOTA, f"a call sends at most {MAX_TRACKS} tracks at a time")
    name = noun.name or sid
    try:
        return background.start(
            KIND, name, lambda: _run(ctx, noun, sid, url), sid=sid, weight=len(tracks)
        )
    except NameTakenError as error:
        raise TwilioError(FAILED, f"a stream named {name!r} runs already") from error
    except TooManyJobsError as error:
        raise TwilioError(QUOTA, f"the call does too much at a time: {error}") from error


async def _run(ctx: CallContext, noun: Stream, sid: str, url: str) -> None:
    """Run the stream to its end; cancelled, it sends ``stop`` and cleans up."""
    watcher = Watcher(ctx, noun, sid)
    end = StreamEnd("requested", None, "")
    try:
        end = await send_tracks(
            ctx,
            sid=sid,
            url=url,
            headers={"X-Twilio-Signature": ctx.services.sign(ctx.auth_token, url)},
            name=noun.name or sid,
            tracks=TRACKS[noun.track],
            watcher=watcher,
            parameters=noun.parameters,
        )
    except TwilioError as error:
        end = StreamEnd("error", error.code, error.message)
    except (AriError, TimeoutError) as error:
        # Requests for a channel that is just hung up fail too: that is no fault to be told.
        if not await ctx.leg.gone_within(GONE_SECONDS):
            end = StreamEnd("error", FAILED, f"Asterisk refused the tap: {error}")
    finally:
        watcher.ended(end)


async def send_tracks(
    ctx: CallContext,
    *,
    sid: str,
    url: str,
    headers: dict[str, str],
    name: str,
    tracks: Sequence[Track],
    watcher: StreamWatcher,
    parameters: Mapping[str, str] | None = None,
    allow: tuple[str, ...] = (),
) -> StreamEnd:
    """Send tracks of the call to ``url`` until the bot or the leg ends it; return how.

    Cancelled, it stops the stream. Raises TwilioError 31900, AriError, TimeoutError.
    """
    services = ctx.services
    worker = services.streams.pick()
    async with taps(ctx.leg, worker, services.settings.app, sid, tracks) as tapped:
        request = StreamRequest(
            stream_sid=sid,
            call_sid=ctx.call_sid,
            account_sid=ctx.progress.record.account_sid,
            url=url,
            headers=headers,
            name=name,
            parameters=parameters or {},
            sources=tuple(StreamSource(t.track, t.peer_host, t.peer_port) for t in tapped),
            allow=allow,
        )
        stream = await services.streams.open(worker, request, watcher)
        return await _until_closed(ctx, stream, tapped)


async def _until_closed(
    ctx: CallContext, stream: RunningStream, tapped: Sequence[Tap]
) -> StreamEnd:
    """Wait for the end of the stream or of what it hears; leaving earlier stops it."""
    closed = asyncio.ensure_future(stream.closed())
    deaf = [asyncio.ensure_future(one.ended.wait()) for one in tapped]
    try:
        await asyncio.wait({closed, *deaf}, return_when=asyncio.FIRST_COMPLETED)
        if closed.done():
            return closed.result()
        if await ctx.leg.gone_within(GONE_SECONDS):
            return StreamEnd("requested", None, "")
        return StreamEnd("error", FAILED, "Asterisk ended the tap")
    finally:
        closed.cancel()
        for one in deaf:
            one.cancel()
        await stream.stop()
