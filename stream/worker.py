"""The stream worker: a process that joins the sessions to their sockets.

It knows no calls and no accounts, and it outlives the app: streams go on while nobody is
attached to its control socket.
"""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import structlog

try:
    from uvloop import new_event_loop as _new_event_loop
except ImportError:  # asyncio's own loop costs 1.4 times the CPU
    from asyncio import new_event_loop as _new_event_loop  # type: ignore[assignment]

from stream import control
from stream.control_server import ControlServer
from stream.hot import COMPILED, STALE, Poller
from stream.oneway import OneWay
from stream.session import Session
from stream.tally import Tally
from stream.udp import RtpSocket
from stream.wheel import GROUPS, Wheel
from stream.worker_stream import FAILED, WorkerStream
from stream.ws_link import CLOSE_SECONDS

log = structlog.get_logger(__name__)

PING_TICKS = 1_250
"""Ticks between pings to a server (25 s)."""

COUNTS_SECONDS = 5.0
"""How often the app is told what the worker has done."""

CAPACITY = 250
"""Streams a worker takes unless told otherwise; about what one core carries at 60 %."""


class StreamWorker:
    """All streams of one process: one UDP socket, one control socket, one timer."""

    def __init__(
        self,
        index: int,
        socket_path: Path,
        bind: str = "127.0.0.1",
        capacity: int = CAPACITY,
        *,
        advertise: str | None = None,
        ca_file: Path | None = None,
        ping_ticks: int = PING_TICKS,
    ) -> None:
        self.id = f"stream-{index}"
        self.boot = secrets.token_hex(8)
        self._bind = bind
        self._rtp_host = advertise or bind
        self._capacity = capacity
        self._ping_ticks = ping_ticks
        self._tls = ssl.create_default_context(cafile=ca_file)
        self.control = ControlServer(socket_path, self._command, self._hello)
        self._streams: dict[str, WorkerStream] = {}
        self._opening: set[WorkerStream] = set()
        self._wheel: Wheel[Session | OneWay] | None = None
        self._closing = False
        self._slots = 0
        self._skipped = 0
        self._tally = Tally()

    async def start(self) -> None:
        """Open the sockets."""
        self._loop = asyncio.get_running_loop()
        self.rtp = RtpSocket(self._bind)
        self._poller = Poller()
        await self.control.start()
        self._loop.call_later(COUNTS_SECONDS, self._count)
        if STALE:
            log.warning("worker.core_stale", reason="built of other sources: run make")
        log.info("worker.started", worker=self.id, rtp_port=self.rtp.port, compiled=COMPILED)

    async def close(self) -> None:
        """Stop all streams politely, then close the sockets."""
        if self._closing:
            return
        self._closing = True
        had_streams = bool(self._streams)
        for stream in list(self._streams.values()):
            stream.fail(FAILED, "the media worker is shutting down")
        if had_streams:
            # `stop` and the close frame are written; leave the servers a moment to answer.
            await asyncio.sleep(min(0.5, CLOSE_SECONDS))
        await self.control.close()
        self._wheel = None  # no further turn: the sockets' numbers are soon somebody else's
        self.rtp.close()
        self._poller.close()
        log.info(
            "worker.stopped",
            worker=self.id,
            rtp_of_strangers=self.rtp.counts.unknown,
            rtp_malformed=self.rtp.counts.malformed,
            rtp_unsent=self.rtp.counts.unsent,
        )

    def session(self, stream_sid: str) -> Session | OneWay:
        """Return the session of a stream; raises `KeyError` when there is no such stream."""
        return self._streams[stream_sid].lane

    def counts(self) -> control.Counts:
        """Return what this worker has done so far."""
        rtp, wheel = self.rtp.counts, self._wheel
        counts = self._tally.counts(stream.stats() for stream in self._streams.values())
        counts.frames_received = rtp.received - rtp.unknown - rtp.malformed
        counts.frames_sent = rtp.sent
        counts.strangers = rtp.unknown
        counts.malformed = rtp.malformed
        counts.unsent = rtp.unsent
        counts.ticks_skipped = (self._skipped + (wheel.skipped if wheel else 0)) // GROUPS
        return counts

    def _count(self) -> None:
        if not self._closing:
            self.control.tell(self.counts())
            self._loop.call_later(COUNTS_SECONDS, self._count)

    def _hello(self) -> control.Hello:
        return control.Hello(
            worker=self.id,
            boot=self.boot,
            pid=os.getpid(),
            rtp_host=self._rtp_host,
            rtp_port=self.rtp.port,
            streams=list(self._streams),
            owners={sid: stream.owner for sid, stream in self._streams.items()},
            capacity=self._capacity,
        )

    def _command(self, command: control.Command) -> None:
        if isinstance(command, control.Open):
            self._open(command)
        elif isinstance(command, control.Stop):
            stream = self._streams.get(command.stream_sid)
            if stream is not None:
                stream.stop()
        elif isinstance(command, control.Dtmf):
            stream = self._streams.get(command.stream_sid)
            if stream is not None:
                stream.dtmf(command.digit)
        elif isinstance(command, control.Measure):
            stats = {sid: stream.stats() for sid, stream in self._streams.items()}
            self.control.tell(control.Measured(stats))

    def _open(self, spec: control.Open) -> None:
        if spec.stream_sid in self._streams:
            return
        if self._closing or len(self._streams) >= self._capacity:
            reason = "shutting down" if self._closing else f"full ({self._capacity} streams)"
            self.control.emit(
                control.Stopped(spec.stream_sid, "error", FAILED, f"the media worker is {reason}")
            )
            return
        stream = WorkerStream(
            spec,
            self.rtp,
            self._poller,
            self._tls,
            self.control.emit,
            self._opening.discard,
            self._ended,
        )
        self._streams[spec.stream_sid] = stream
        self._opening.add(stream)
        if self._wheel is None:
            self._wheel = Wheel(time.monotonic())
            self._loop.call_soon(self._turn, self._wheel)
        self._wheel.add(stream.lane)
        stream.start()

    def _ended(self, stream: WorkerStream) -> None:
        self._tally.ended(stream.stats())
        self._streams.pop(stream.sid, None)
        self._opening.discard(stream)
        if self._wheel is not None:
            self._wheel.remove(stream.lane)

    def _turn(self, wheel: Wheel[Session | OneWay]) -> None:
        """Send what is due, read what has come, send what was owed, sleep to the next deadline.

        The worker sleeps, sockets and all: they are drained at one go every 5 ms, instead of one
        wake-up a packet. While streams are opening it does not, since every step of a handshake
        would wait.
        """
        if wheel is not self._wheel:
            return
        groups = wheel.due(time.monotonic())
        for session in wheel.missed:
            session.missed()
        for group in groups:
            _give_marks(self.rtp.tick(group))
            self._ping()
        self.rtp.readable()
        self._poller.poll()
        _give_marks(self.rtp.late(wheel.items()))
        if not self._streams and not self._poller:
            self._skipped += wheel.skipped
            self._wheel = None
            return
        wait = wheel.deadline() - time.monotonic()
        if self._opening or not self._streams:
            self._loop.call_later(max(wait, 0), self._turn, wheel)
            return
        if wait > 0:
            time.sleep(wait)
        self._loop.call_soon(self._turn, wheel)

    def _ping(self) -> None:
        """Every so many ticks, see that the servers are still there."""
        self._slots += 1
        if self._slots >= self._ping_ticks * GROUPS:
            self._slots = 0
            for stream in list(self._streams.values()):
                stream.ping()


def _give_marks(sessions: Iterable[Session | OneWay]) -> None:
    """Their frames have left, and perhaps all that their marks waited for."""
    for session in sessions:
        try:
            session.sent()
        except Exception as error:  # one broken stream must not stop the others' clock
            session.failed(error)


def run_worker(
    index: int,
    socket_path: Path,
    bind: str = "127.0.0.1",
    capacity: int = CAPACITY,
    *,
    advertise: str | None = None,
    ca_file: Path | None = None,
    while_running: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
) -> None:
    """Run a worker until SIGTERM or SIGINT.

    ``bind`` is the address of its RTP socket and ``advertise`` the one told to Asterisk, when
    they differ. ``ca_file`` adds nothing to but replaces the system's trusted certificates.
    ``while_running`` is entered once the worker takes streams and left before it stops.
    """

    async def main() -> None:
        worker = StreamWorker(
            index, socket_path, bind, capacity, advertise=advertise, ca_file=ca_file
        )
        await worker.start()
        ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
        # What lives now lives for good: keep the collector from walking it again and again.
        gc.freeze()
        async with while_running():
            await ending.wait()
        await worker.close()

    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        runner.run(main())
