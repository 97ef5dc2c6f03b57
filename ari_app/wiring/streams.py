"""The stream workers as the call room sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ari_app.call.ports import Stream as CallStream
from ari_app.call.ports import StreamEnd, StreamRequest, StreamWatcher, StreamWorker
from ari_app.model import CallRecord
from ari_app.streams.pool import StreamPool, Worker
from ari_app.streams.stream import OnEvent, Stream
from ari_app.wiring.outside import Outside, ToldStream
from stream import control


class CallStreams:
    """Opens and adopts streams in the pool's workers.

    ``allow_private`` says whether bots on private addresses may be connected to,
    ``allow`` names networks that may be even when not,
    ``keep_query`` whether the query of a stream's URL is sent along,
    ``outside`` is told what happens to the streams; None where nobody could hear of it.
    """

    def __init__(
        self,
        pool: StreamPool,
        *,
        allow_private: bool,
        allow: Sequence[str] = (),
        keep_query: bool = False,
        connect_timeout: float = 10.0,
        outside: Outside | None = None,
    ) -> None:
        self._pool = pool
        self._allow_private = allow_private
        self._allow = tuple(allow)
        self._keep_query = keep_query
        self._connect_timeout = connect_timeout
        self._outside = outside

    def pick(self) -> StreamWorker:
        """Choose a worker; raises TwilioError 31900 when none has room."""
        return self._pool.pick()

    async def open(
        self, worker: StreamWorker, request: StreamRequest, watcher: StreamWatcher
    ) -> CallStream:
        """Open a stream; raises TwilioError 31900 when the worker died meanwhile."""
        if not isinstance(worker, Worker):
            raise TypeError("a worker of another pool")
        spec = control.Open(
            stream_sid=request.stream_sid,
            call_sid=request.call_sid,
            account_sid=request.account_sid,
            url=request.url,
            peer_host=request.peer_host,
            peer_port=request.peer_port,
            sources=tuple(control.Source(s.track, s.host, s.port) for s in request.sources),
            mode="start" if request.sources else "connect",
            codec="alaw" if request.codec == "alaw" else "ulaw",
            headers=dict(request.headers),
            parameters=dict(request.parameters),
            name=request.name,
            allow_private=self._allow_private,
            allow=(*self._allow, *request.allow),
            keep_query=self._keep_query,
            connect_timeout=self._connect_timeout,
            news=self._outside is not None,
        )
        listener = _listener(watcher)
        if self._outside is not None:
            told = ToldStream(self._outside, request.account_sid, request.call_sid)
            listener = _both(told.on_event, listener)
        return _Handle(await self._pool.open(worker, spec, listener))

    def adopt(
        self, stream_sid: str, watcher: StreamWatcher, call: CallRecord | None = None
    ) -> CallStream | None:
        """Take over a stream that an earlier process opened; None when no worker has it.

        ``call`` is whose stream it is, where that is known.
        """
        listener = _listener(watcher)
        owner = self._pool.owner(stream_sid)
        if owner is None and call is not None:
            owner = call.account_sid, call.sid
        if self._outside is not None and owner is not None:
            told = ToldStream(self._outside, *owner, connected=True)
            listener = _both(told.on_event, listener)
        stream = self._pool.adopt(stream_sid, listener)
        return None if stream is None else _Handle(stream)

    @property
    def unclaimed(self) -> list[str]:
        """SIDs of streams that an earlier life of the app opened and nobody has adopted."""
        return self._pool.unclaimed

    def on_attached(self, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever a worker was attached; it may have brought such streams."""
        self._pool.on_attached(handler)


class _Handle:
    """A pool's stream in the call room's words."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def dtmf(self, digit: str) -> None:
        self._stream.dtmf(digit)

    async def stop(self) -> None:
        await self._stream.stop()

    async def closed(self) -> StreamEnd:
        stopped = await self._stream.closed()
        return StreamEnd(stopped.cause, stopped.code, stopped.message)


def _listener(watcher: StreamWatcher) -> OnEvent:
    def on_event(event: control.StreamEvent) -> None:
        match event:
            case control.Started():
                watcher.started()
            case control.Warned():
                watcher.warned(event.code, event.message)
            case _:
                pass

    return on_event


def _both(first: OnEvent, second: OnEvent) -> OnEvent:
    def on_event(event: control.StreamEvent) -> None:
        first(event)
        second(event)

    return on_event
