"""Counters of living streams are told to who asks for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ari_app.streams.pool import StreamPool
from ari_app.testing.bot import FakeBot
from ari_app.testing.bridge import Bridge
from ari_app.testing.rtp_peer import RtpPeer
from stream import control
from stream.worker import StreamWorker

SOUND = bytes(range(160)) * 5


class Told:
    """A trace that keeps what was measured."""

    def __init__(self) -> None:
        self.measured: asyncio.Queue[control.Measured] = asyncio.Queue()

    def stream_command(self, command: control.Open | control.Stop | control.Dtmf) -> None:
        """Of no interest here."""

    def stream_event(self, event: control.StreamEvent) -> None:
        """Of no interest here."""

    def stream_measured(self, measured: control.Measured) -> None:
        self.measured.put_nowait(measured)


async def test_counters_of_living_streams_are_told_when_asked_for(tmp_path: Path) -> None:
    path, told = tmp_path / "stream-0.sock", Told()
    worker, pool = StreamWorker(0, path), StreamPool([path], trace=told)
    await worker.start()
    try:
        await pool.start()
        async with asyncio.timeout(20), FakeBot() as bot, RtpPeer() as peer:
            await pool.ready()
            pool.measure()  # no streams, nobody is asked
            stream, connection = await Bridge(worker, pool, peer).connect(bot)
            await connection.play(SOUND)
            await peer.wait_audio(SOUND)
            pool.measure()
            measured = await told.measured.get()
    finally:
        await pool.close()
        await worker.close()
    assert list(measured.streams) == [stream.sid]
    assert measured.streams[stream.sid].audio_played >= len(SOUND)
    assert told.measured.empty()
