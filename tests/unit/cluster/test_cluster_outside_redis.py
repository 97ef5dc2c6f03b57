"""A real worker's stream, heard by a subscriber of a real Redis who knows nothing of us."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from ari_app.bus import RedisBus
from ari_app.call.ports import StreamRequest
from ari_app.sids import new_sid
from ari_app.streams.pool import StreamPool
from ari_app.testing.bot import FakeBot
from ari_app.testing.rtp_peer import RtpPeer
from ari_app.testing.servers import RedisServer, redis_server
from ari_app.wiring.outside import Outside
from ari_app.wiring.streams import CallStreams
from stream.worker import StreamWorker

DEADLINE = 20
#: Ten minutes and a second of audio.
TOO_MUCH = bytes(8_000 * 601)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


class Subscriber:
    """Hears all streams, by a client of its own."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    async def until(self, *events: str) -> list[dict[str, Any]]:
        """Return what comes, up to and with the last of ``events``, which come in that order."""
        wanted, heard = list(events), []
        async with asyncio.timeout(DEADLINE):
            while wanted:
                message = await self._pubsub.get_message(timeout=DEADLINE)
                if message is None or message["type"] != "pmessage":
                    continue
                news = msgspec.json.decode(message["data"])
                assert message["channel"].decode() == f"mod_twilio_stream:{news['streamSid']}"
                heard.append(news)
                if news["event"] == wanted[0]:
                    del wanted[0]
        return heard


@pytest.fixture
async def subscriber(server: RedisServer) -> AsyncIterator[Subscriber]:
    async with Redis.from_url(server.url) as client, client.pubsub() as pubsub:
        await pubsub.psubscribe("mod_twilio_stream:*")
        await pubsub.get_message(timeout=DEADLINE)
        yield Subscriber(pubsub)


class Quiet:
    """A call that minds its own business."""

    def started(self) -> None: ...

    def warned(self, code: int, message: str) -> None: ...


@contextlib.asynccontextmanager
async def app(socket: Path, redis_url: str) -> AsyncIterator[CallStreams]:
    """An app's streams, as long as it lives."""
    bus = RedisBus(redis_url)
    await bus.start()
    outside, pool = Outside(bus), StreamPool([socket])
    await pool.start()
    await pool.ready()
    try:
        yield CallStreams(pool, allow_private=True, outside=outside)
    finally:
        await pool.close()
        await outside.close()
        await bus.close()


async def test_what_a_bot_sends_and_what_outlives_a_restart_is_published(
    tmp_path: Path, server: RedisServer, subscriber: Subscriber
) -> None:
    path = tmp_path / "stream-0.sock"
    worker = StreamWorker(0, path)
    await worker.start()
    call, account, sid = new_sid("CA"), new_sid("AC"), new_sid("MZ")
    async with FakeBot() as bot, RtpPeer() as peer:
        async with app(path, server.url) as streams:
            host, port = peer.address
            request = StreamRequest(
                stream_sid=sid,
                call_sid=call,
                account_sid=account,
                url=bot.url,
                headers={},
                name=sid,
                parameters={},
                peer_host=host,
                peer_port=port,
            )
            await streams.open(streams.pick(), request, Quiet())
            connection = await bot.connection()
            await connection.wait_count("start", 1)
            await connection.play(TOO_MUCH)
            await connection.mark("m1")
            await connection.clear()
            heard = await subscriber.until("buffer_overrun", "socket_mark", "socket_clear", "mark")
            events = [news["event"] for news in heard]
            assert events == [
                "connect",
                "start",
                "buffer_overrun",
                "socket_mark",
                "socket_clear",
                "mark",
            ]
            ours = {"accountSid": account, "callSid": call, "streamSid": sid}
            assert all(news | ours == news for news in heard)
            assert heard[3]["payload"] == {"mark": "m1"}
        # While no app is there, only what became of the stream is kept for the next one.
        await connection.mark("away")
        await connection.wait_count("mark", 2)
        async with app(path, server.url) as streams:
            assert streams.unclaimed == [sid]
            adopted = streams.adopt(sid, Quiet())
            assert adopted is not None
            await connection.mark("back")
            heard = await subscriber.until("mark", "socket_mark", "mark")
            marks = [(news["event"], news["payload"]["mark"]) for news in heard]
            assert marks == [("mark", "away"), ("socket_mark", "back"), ("mark", "back")]
            await connection.close()
            (gone,) = await subscriber.until("disconnect")
            assert gone == {"event": "disconnect"} | ours
    await worker.close()
    assert worker.control.news_dropped == 1
