"""One worker's control socket as the app keeps it: attached, or trying to be."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from ari_app.errors import TwilioError
from ari_app.streams.stream import OnEvent, Stream, Trace
from stream import control

log = structlog.get_logger(__name__)

_BACKOFF = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_HELLO_SECONDS = 2.0
_QUIET_SECONDS = 3.0
_HANGS = 1  # connections without a hello after which a worker is as good as dead
_FAILED = 31900
_UNCLAIMED_EVENTS = 1024
_UNCLAIMED_ENDED = 1024

_TOLD = (control.Open, control.Stop, control.Dtmf)

_Events = deque[control.StreamEvent]


class Connection:
    """Client of one worker; reconnects for ever, and knows when its streams are lost.

    ``on_attached`` is called whenever the worker has said hello, again or for the first time.
    """

    def __init__(
        self, path: Path, on_attached: Callable[[], None], trace: Trace | None = None
    ) -> None:
        self.path = path
        self._trace = trace
        self._on_attached = on_attached
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._streams: dict[str, Stream] = {}
        # Events of streams that an earlier life of the app had opened, until adopted.
        self._unclaimed: dict[str, _Events] = {}
        # The same, ended meanwhile: kept for a while, since adopting takes time.
        self._ended: dict[str, _Events] = {}
        # Streams given up while the worker was away; it may come back with them.
        self._lost: set[str] = set()
        self._last_seq = 0
        self._reconcile_at: int | None = None
        self._suspects: list[str] = []
        self.hello: control.Hello | None = None
        self.counts = control.Counts()
        self.attempted = asyncio.Event()
        self.attached = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether the worker is attached and takes streams."""
        return self.attached.is_set()

    @property
    def load(self) -> int:
        """Streams in the worker."""
        return len(self._streams) + len(self._unclaimed)

    @property
    def unclaimed(self) -> list[str]:
        """Streams that live in the worker and nobody here has asked for yet."""
        return list(self._unclaimed)

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Part from the worker; its streams live on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def open(self, spec: control.Open, on_event: OnEvent) -> Stream:
        """Have the worker open a stream; raises `TwilioError` 31900 when it is away."""
        if not self.alive:
            raise TwilioError(_FAILED, "the media worker is down")
        stream = Stream(spec.stream_sid, self, on_event)
        self._streams[spec.stream_sid] = stream
        self.send(spec)
        return stream

    def adopt(self, stream_sid: str, on_event: OnEvent) -> Stream | None:
        """Take over an unclaimed stream and hear what it has said; None when there is none."""
        events = self._unclaimed.pop(stream_sid, None)
        if events is None:
            events = self._ended.pop(stream_sid, None)
        if events is None:
            return None
        stream = Stream(stream_sid, self, on_event)
        self._streams[stream_sid] = stream
        for event in events:
            self._deliver(stream, event)
        return stream

    def send(self, command: control.Command) -> None:
        """Send a command, or drop it when the worker is away."""
        if self._trace is not None and isinstance(command, _TOLD):
            self._trace.stream_command(command)
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(control.encode(command))

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(
                    str(self.path), limit=control.MAX_LINE
                )
            except OSError as error:
                # Nobody listens: the process is gone, and its streams with it.
                self._lose_all(f"the media worker is down ({error.strerror})")
            else:
                if await self._attached(reader, writer):
                    failures = 0
                elif failures >= _HANGS:
                    self._lose_all("the media worker does not answer")
            self.attempted.set()
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            failures += 1

    async def _attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Stay attached until the connection ends; return whether the worker said hello."""
        greeted = False
        boot = self.hello.boot if self.hello is not None else ""
        writer.write(control.encode(control.Attach(self._last_seq, boot)))
        self._writer = writer
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                line = await reader.readline()
            hello = control.decode_event(line)
            if not isinstance(hello, control.Hello):
                return False
            self._greet(hello)
            greeted = True
            self.attempted.set()
            while line := await self._line(reader):
                if not self._take(control.decode_event(line)):
                    await asyncio.Event().wait()  # replaced: stay away until closed
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            if greeted and isinstance(error, TimeoutError):
                self._lose_all(str(error))
            log.warning("streams.connection_failed", socket=self.path.name, error=str(error))
        finally:
            self._writer = None
            self.attached.clear()
            writer.close()
        return greeted

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        """Return the next line, b"" at the end; raises TimeoutError when the worker hangs."""
        line = asyncio.ensure_future(reader.readline())
        try:
            done, _ = await asyncio.wait([line], timeout=_QUIET_SECONDS)
            if not done:
                self.send(control.Ping())
                done, _ = await asyncio.wait([line], timeout=_HELLO_SECONDS)
            if not done:
                raise TimeoutError("the media worker does not answer")
            return line.result()
        finally:
            line.cancel()

    def _greet(self, hello: control.Hello) -> None:
        if self.hello is None or self.hello.boot != hello.boot:
            self._lose_all("the media worker was restarted")
            self._lost.clear()
            self._last_seq = 0
            self.counts = control.Counts()
        if hello.first_seq > self._last_seq + 1 and self._streams:
            log.warning("streams.events_lost", worker=hello.worker)
        self.hello = hello
        for sid in hello.streams:
            if sid in self._lost:
                self.send(control.Stop(sid))
            elif sid not in self._streams:
                self._unclaimed.setdefault(sid, deque(maxlen=_UNCLAIMED_EVENTS))
        # Streams opened from now on are not in the greeting, and no less alive for it.
        self._suspects = [sid for sid in self._streams if sid not in hello.streams]
        # What the worker no longer keeps is not told again: a new app has nothing to wait for.
        self._last_seq = max(self._last_seq, hello.first_seq - 1)
        self._reconcile_at = hello.seq
        self._reconcile()
        self.attached.set()
        log.info("streams.attached", worker=hello.worker, streams=len(hello.streams))
        self._on_attached()

    def _take(self, event: control.Event) -> bool:
        """Hand an event on; returns False when another app has taken over the worker."""
        if isinstance(event, control.Replaced):
            log.error("streams.replaced", socket=self.path.name)
            self._lose_all("another app has taken over the media worker")
            self._writer = None
            self.attached.clear()
            return False
        if isinstance(event, control.Counts):
            self.counts = event
            return True
        if isinstance(event, control.Measured):
            if self._trace is not None:
                self._trace.stream_measured(event)
            return True
        if isinstance(event, control.Hello | control.Pong):
            return True
        if isinstance(event, control.News):
            if (stream := self._streams.get(event.stream_sid)) is not None:
                self._deliver(stream, event)
            return True
        if event.seq > self._last_seq:
            self._last_seq = event.seq
            self._dispatch(event)
            self.send(control.Ack(event.seq))
            self._reconcile()
        return True

    def _dispatch(self, event: control.StreamEvent) -> None:
        if self._trace is not None:
            self._trace.stream_event(event)
        stream = self._streams.get(event.stream_sid)
        if stream is not None:
            self._deliver(stream, event)
            return
        if event.stream_sid in self._lost:
            return
        events = self._unclaimed.setdefault(event.stream_sid, deque(maxlen=_UNCLAIMED_EVENTS))
        events.append(event)
        if isinstance(event, control.Stopped):
            self._ended[event.stream_sid] = self._unclaimed.pop(event.stream_sid)
            while len(self._ended) > _UNCLAIMED_ENDED:
                del self._ended[next(iter(self._ended))]

    def _deliver(self, stream: Stream, event: control.StreamEvent) -> None:
        if isinstance(event, control.Stopped):
            self._streams.pop(stream.sid, None)
        try:
            stream.handle(event)
        except Exception:  # a call's fault must not cost the other calls their events
            log.exception("streams.handler_failed", stream_sid=stream.sid)

    def _reconcile(self) -> None:
        """After what was missed has been told again: end what the worker no longer has."""
        if self._reconcile_at is None or self._last_seq < self._reconcile_at:
            return
        self._reconcile_at = None
        suspects, self._suspects = self._suspects, []
        for sid in suspects:
            if sid in self._streams:
                self._lose(sid, "the media worker no longer has the stream")

    def _lose_all(self, message: str) -> None:
        self._unclaimed.clear()
        self._ended.clear()
        for sid in list(self._streams):
            self._lose(sid, message)

    def _lose(self, sid: str, message: str) -> None:
        log.warning("streams.lost", stream_sid=sid, code=_FAILED, reason=message)
        self._lost.add(sid)
        stopped = control.Stopped(sid, "error", _FAILED, message)
        if self._trace is not None:
            self._trace.stream_event(stopped)
        self._deliver(self._streams[sid], stopped)
