"""All stream workers of a node: which is alive, which has room, which has which stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from ari_app.errors import TwilioError
from ari_app.streams.connection import Connection
from ari_app.streams.stream import OnEvent, Stream, Trace
from stream.control import Counts, Measure, Open

log = structlog.get_logger(__name__)

_START_SECONDS = 2.0
_LOOK_SECONDS = 1.0


class Worker(NamedTuple):
    """A living worker, and where Asterisk has to send RTP to."""

    id: str
    rtp_host: str
    rtp_port: int


class WorkerInfo(NamedTuple):
    """What is known of a worker, for health and metrics."""

    id: str
    alive: bool
    streams: int
    capacity: int
    counts: Counts = Counts()


class StreamPool:
    """Client of all workers. Must be started and closed.

    ``sockets`` are those of the workers that there should be. Workers that come later are found
    by their sockets ``stream-*.sock`` in ``folder``, and forgotten when they have gone for good.
    ``trace`` sees commands and events.
    """

    def __init__(
        self, sockets: Sequence[Path], folder: Path | None = None, *, trace: Trace | None = None
    ) -> None:
        self._trace = trace
        self._on_attached: list[Callable[[], None]] = []
        self._folder = folder
        self._looking: asyncio.Task[None] | None = None
        self._known = {path.stem for path in sockets}
        self._connections = {path.stem: self._connection(path) for path in sockets}

    async def start(self) -> None:
        """Connect to the workers, and go on trying for those that are not there yet."""
        for connection in self._connections.values():
            connection.start()
        waits = [
            asyncio.ensure_future(connection.attempted.wait())
            for connection in self._connections.values()
        ]
        if waits:
            _, pending = await asyncio.wait(waits, timeout=_START_SECONDS)
            for wait in pending:
                wait.cancel()
        if self._folder is not None:
            self._looking = asyncio.get_running_loop().create_task(self._look(self._folder))

    async def close(self) -> None:
        """Part from the workers. Streams live on and can be adopted by the next app."""
        if self._looking is not None:
            self._looking.cancel()
        for connection in self._connections.values():
            await connection.close()

    async def _look(self, folder: Path) -> None:
        """Find workers that were started by hand, forget those that have gone."""
        while True:
            for gone in self._scan(folder):
                await gone.close()
            await asyncio.sleep(_LOOK_SECONDS)

    def _scan(self, folder: Path) -> list[Connection]:
        """Connect to new workers; return the connections that are given up."""
        for path in folder.glob("stream-*.sock"):
            if path.stem not in self._connections:
                log.info("streams.worker_found", worker=path.stem)
                self._connections[path.stem] = connection = self._connection(path)
                connection.start()
        gone = [
            name
            for name, connection in self._connections.items()
            if name not in self._known
            and not (connection.alive or connection.load or connection.path.exists())
        ]
        for name in gone:
            log.info("streams.worker_gone", worker=name)
        return [self._connections.pop(name) for name in gone]

    def on_attached(self, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever a worker was attached, its streams of earlier lives known."""
        self._on_attached.append(handler)

    def _connection(self, path: Path) -> Connection:
        return Connection(path, self._attached, self._trace)

    def _attached(self) -> None:
        for handler in self._on_attached:
            handler()

    async def ready(self) -> None:
        """Wait until every worker is attached."""
        for connection in self._connections.values():
            await connection.attached.wait()

    @property
    def healthy(self) -> bool:
        """Whether at least one worker can take a stream."""
        return any(connection.alive for connection in self._connections.values())

    @property
    def workers(self) -> list[WorkerInfo]:
        """All workers, the dead ones too."""
        return [
            WorkerInfo(
                name,
                connection.alive,
                connection.load,
                connection.hello.capacity if connection.hello is not None else 0,
                connection.counts,
            )
            for name, connection in self._connections.items()
        ]

    def pick(self) -> Worker:
        """Return the living worker with the fewest streams; `TwilioError` 31900 when none."""
        best: tuple[int, Worker] | None = None
        for name, connection in self._connections.items():
            hello = connection.hello
            if not connection.alive or hello is None or connection.load >= hello.capacity:
                continue
            if best is None or connection.load < best[0]:
                best = connection.load, Worker(name, hello.rtp_host, hello.rtp_port)
        if best is None:
            raise TwilioError(31900, "no media worker has room for the stream")
        return best[1]

    async def open(self, worker: Worker, spec: Open, on_event: OnEvent) -> Stream:
        """Open a stream in ``worker``; every event of it, Stopped included, goes to ``on_event``.

        Raises `TwilioError` 31900 when the worker has died since it was picked. Whether the bot
        could be reached comes as an event.
        """
        connection = self._connections.get(worker.id)
        if connection is None:
            raise TwilioError(31900, "the media worker is gone")
        return connection.open(spec, on_event)

    def measure(self) -> None:
        """Have every worker tell the trace the counters of its streams."""
        for connection in self._connections.values():
            if connection.load:
                connection.send(Measure())

    @property
    def unclaimed(self) -> list[str]:
        """Streams of an earlier life of the app that still live."""
        return [sid for one in self._connections.values() for sid in one.unclaimed]

    def owner(self, stream_sid: str) -> tuple[str, str] | None:
        """Return account and call of a stream that lived when its worker was attached."""
        for connection in self._connections.values():
            if connection.hello is not None and stream_sid in connection.hello.owners:
                return connection.hello.owners[stream_sid]
        return None

    def adopt(self, stream_sid: str, on_event: OnEvent) -> Stream | None:
        """Take over a living stream after a restart; None when no worker has it.

        Events that nobody has acknowledged are told again, in order.
        """
        for connection in self._connections.values():
            stream = connection.adopt(stream_sid, on_event)
            if stream is not None:
                return stream
        return None
