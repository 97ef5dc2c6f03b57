"""A recorded call with a stream lived through again: a worker is stood in for."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ari_app.debug import record
from ari_app.debug.record import Item
from ari_app.debug.replay import check_async
from ari_app.debug.replay.media import Media, working
from ari_app.debug.replay.player import Difference, Player, Report
from ari_app.streams.pool import StreamPool
from stream import control

GOLDEN = Path(__file__).parent / "golden"
THEN, NOW = "MZ" + "0" * 32, "MZ" + "1" * 32


def said(way: str, type_: str, **data: object) -> Item:
    data = {"way": way, "stream_sid": THEN, **data}
    return Item(at=1.0, kind="stream", type=type_, data=data)


RECORDING = [
    said("command", "open", url="wss://bot/x", mode="connect", codec="ulaw", peer_port=4000),
    said("event", "connected", seq=70),
    said("command", "dtmf", digit="9"),
    said("command", "stop"),
    said("event", "stopped", cause="requested", seq=71),
]


@asynccontextmanager
async def replaying() -> AsyncIterator[tuple[asyncio.Task[Report], StreamPool]]:
    media = Media()
    player = Player(RECORDING, media.tell, speed=0, patience=0.5, web=True, tell=media.tell)
    media.player = player
    # Not pytest's own folder: a socket's path is short.
    folder = Path(tempfile.mkdtemp())
    async with working(media, folder / "stream-0.sock"):
        pool = StreamPool([folder / "stream-0.sock"])
        await pool.start()
        await pool.ready()
        running = asyncio.create_task(player.run())
        yield running, pool
        await pool.close()
    shutil.rmtree(folder)


def spec(url: str) -> control.Open:
    return control.Open(
        stream_sid=NOW, call_sid="CA", account_sid="AC", url=url, peer_port=5000, codec="ulaw"
    )


async def test_what_the_worker_said_is_said_again_in_its_place() -> None:
    heard: list[str] = []
    async with replaying() as (running, pool):
        connected = asyncio.Event()

        def on_event(event: control.StreamEvent) -> None:
            heard.append(f"{type(event).__name__} {event.stream_sid}")
            connected.set()

        stream = await pool.open(pool.pick(), spec("wss://bot/x"), on_event)
        await connected.wait()
        stream.dtmf("9")
        await stream.stop()
        assert (await stream.closed()).cause == "requested"
        assert (await running).streams == 1
    assert heard == [f"Connected {NOW}", f"Stopped {NOW}"]


async def test_another_bot_than_recorded_is_a_difference() -> None:
    async with replaying() as (running, pool):
        await pool.open(pool.pick(), spec("wss://other/x"), lambda _: None)
        with pytest.raises(Difference, match="stream open was recorded") as caught:
            await running
    assert "body.url: 'wss://bot/x' was recorded, 'wss://other/x' came" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "webhooks", "streams"),
    [
        ("stream", 2, 1),
        # `<Start><Stream>` of both tracks, a `<Pause>` beside it, `<Stop>`.
        ("start", 1, 1),
        # `<Dial>`: the callee's channel, refused with 488.
        ("codec", 1, 0),
    ],
)
async def test_a_real_call_runs_through_the_app_again(
    tmp_path: Path, name: str, webhooks: int, streams: int
) -> None:
    kept, recorded = tmp_path / "call.jsonl", (GOLDEN / f"{name}.jsonl").read_bytes()
    kept.write_bytes(record.line(record.header(at=1.0, source="tap")) + recorded)
    report = await check_async(kept)
    assert (report.webhooks, report.streams) == (webhooks, streams)
