"""A stream worker, an app's pool attached to it and a UDP peer: the bridge on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ari_app.sids import new_sid
from ari_app.streams.pool import StreamPool
from ari_app.streams.stream import Stream
from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.rtp_peer import RtpPeer
from stream import control
from stream.worker import StreamWorker


class Bridge:
    """What a test of the bridge holds in its hands; ``events`` is all the app was told."""

    def __init__(self, worker: StreamWorker | None, pool: StreamPool, peer: RtpPeer) -> None:
        self._worker = worker
        self.pool = pool
        self.peer = peer
        self.events: list[control.StreamEvent] = []
        self._changed = asyncio.Event()

    @property
    def worker(self) -> StreamWorker:
        """The worker, when it runs in this process."""
        assert self._worker is not None  # noqa: S101
        return self._worker

    def spec(self, url: str, **options: Any) -> control.Open:
        """Return an Open for ``url`` with new SIDs and the peer's address."""
        host, port = self.peer.address
        return control.Open(
            **{
                "stream_sid": new_sid("MZ"),
                "call_sid": new_sid("CA"),
                "account_sid": new_sid("AC"),
                "url": url,
                "peer_host": host,
                "peer_port": port,
                "allow_private": True,
                **options,
            }
        )

    async def open(self, url: str, **options: Any) -> Stream:
        """Open a stream to ``url`` and aim the peer at the worker."""
        worker = self.pool.pick()
        self.peer.target = (worker.rtp_host, worker.rtp_port)
        return await self.pool.open(worker, self.spec(url, **options), self._on_event)

    async def connect(self, bot: FakeBot, **options: Any) -> tuple[Stream, BotConnection]:
        """Open a stream to ``bot`` and wait until it has its start message."""
        number = len(bot.connections)
        stream = await self.open(bot.url, **options)
        connection = await bot.connection(number)
        await connection.wait_count("start", 1)
        return stream, connection

    def _on_event(self, event: control.StreamEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def wait_event(self, kind: type, count: int = 1) -> list[Any]:
        """Wait until the app was told ``count`` events of one kind; return all of them."""
        async with asyncio.timeout(20):
            while len(self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.of(kind)

    def of(self, kind: type) -> list[Any]:
        """Return the events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]


@contextlib.asynccontextmanager
async def start_bridge(
    folder: Path, payload_type: int = 0, **options: Any
) -> AsyncIterator[Bridge]:
    """Run a worker in this process; ``options`` are those of `StreamWorker`."""
    worker = StreamWorker(0, folder / "stream-0.sock", **options)
    await worker.start()
    pool = StreamPool([folder / "stream-0.sock"])
    await pool.start()
    async with RtpPeer(payload_type) as peer:
        try:
            yield Bridge(worker, pool, peer)
        finally:
            await pool.close()
            await worker.close()
