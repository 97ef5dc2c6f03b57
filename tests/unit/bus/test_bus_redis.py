"""The bus between nodes, on a real Redis: carried, bounded, and back after Redis was away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from ari_app.bus import Bus, RedisBus
from ari_app.testing.servers import RedisServer, redis_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
async def nodes(server: RedisServer) -> AsyncIterator[tuple[RedisBus, RedisBus]]:
    one, two = (RedisBus(server.url, queue_limit=10, patience=4, silence=0.2) for _ in range(2))
    for bus in (one, two):
        await bus.start()
    yield one, two
    for bus in (one, two):
        await bus.close()


async def until_up(*buses: Bus) -> None:
    """Wait for buses to carry again."""
    async with asyncio.timeout(20):
        for bus in buses:
            while True:
                try:
                    await bus.ping()
                    break
                except ConnectionError:
                    await asyncio.sleep(0.02)


async def connections(server: RedisServer) -> int:
    client = Redis.from_url(server.url)
    try:
        return len(await client.client_list()) - 1
    finally:
        await client.aclose()


async def test_every_subscriber_of_every_node_hears_in_order(
    nodes: tuple[RedisBus, RedisBus],
) -> None:
    one, two = nodes
    here, there, other = one.subscribe("a"), two.subscribe("a"), two.subscribe("b")
    for each in (here, there, other):
        await each.ready()
    assert await one.publish("a", b"\x00\xff") == 2
    assert await two.publish("a", b"2") == 2
    assert await two.publish("nobody", b"3") == 0
    assert [await one.count(channel) for channel in ("a", "b", "nobody")] == [2, 1, 0]
    async with asyncio.timeout(5):
        for each in (here, there):
            assert [await anext(aiter(each)) for _ in range(2)] == [b"\x00\xff", b"2"]
    other.close()
    assert [payload async for payload in other] == []


async def test_many_are_published_at_one_go_in_order(
    server: RedisServer, nodes: tuple[RedisBus, RedisBus]
) -> None:
    one, two = nodes
    heard, other = one.subscribe("many"), one.subscribe("more")
    await heard.ready()
    await other.ready()
    await two.publish_all([("many", b"1"), ("more", b"2"), ("nobody", b""), ("many", b"3")])
    async with asyncio.timeout(5):
        assert [await anext(aiter(heard)) for _ in range(2)] == [b"1", b"3"]
        assert await anext(aiter(other)) == b"2"
    server.stop()
    try:
        with pytest.raises(ConnectionError, match="Redis"):
            await two.publish_all([("many", b"lost")])
    finally:
        server.start()
    await until_up(one, two)


async def test_a_process_has_two_connections_however_many_channels(
    server: RedisServer, nodes: tuple[RedisBus, RedisBus]
) -> None:
    channels = [bus.subscribe(f"call {n}") for bus in nodes for n in range(50)]
    for each in channels:
        await each.ready()
    await asyncio.gather(*(bus.publish("call 1", b"x") for bus in nodes for _ in range(50)))
    assert await connections(server) == 4


async def test_who_closes_is_not_counted_any_more(nodes: tuple[RedisBus, RedisBus]) -> None:
    one, two = nodes
    subscription = one.subscribe("short")
    await subscription.ready()
    assert await two.publish("short", b"x") == 1
    subscription.close()
    # Redis is told from another connection than the one that publishes: wait for its news.
    after = one.subscribe("after")
    await after.ready()
    assert await two.publish("short", b"x") == 0


async def test_a_slow_reader_loses_the_oldest_and_knows_how_many(
    nodes: tuple[RedisBus, RedisBus],
) -> None:
    one, two = nodes
    slow, marker = one.subscribe("flood"), one.subscribe("over")
    await slow.ready()
    await marker.ready()
    for number in range(25):
        await two.publish("flood", b"%d" % number)
    await two.publish("over", b"")
    await anext(aiter(marker))
    assert slow.dropped == 15
    slow.close()
    assert [payload async for payload in slow] == [b"%d" % number for number in range(15, 25)]


async def test_a_restart_of_redis_is_survived(
    server: RedisServer, nodes: tuple[RedisBus, RedisBus]
) -> None:
    one, two = nodes
    subscription = one.subscribe("calls")
    await subscription.ready()
    await until_up(one, two)
    server.stop()
    with pytest.raises(ConnectionError, match="Redis"):
        await two.publish("calls", b"lost")
    with pytest.raises(ConnectionError):
        await one.ping()
    later = one.subscribe("made while away")
    server.start()
    async with asyncio.timeout(20):
        await later.ready()
    await until_up(one, two)
    assert await two.publish("calls", b"back") == 1
    assert await two.publish("made while away", b"too") == 1
    async with asyncio.timeout(5):
        assert await anext(aiter(subscription)) == b"back"
        assert await anext(aiter(later)) == b"too"


async def test_a_redis_that_says_nothing_counts_as_away(
    server: RedisServer, nodes: tuple[RedisBus, RedisBus]
) -> None:
    one, two = nodes
    subscription = one.subscribe("mute")
    await subscription.ready()
    server.pause()
    try:
        with pytest.raises(ConnectionError):
            await two.publish("mute", b"?")
    finally:
        server.resume()
    await until_up(one, two)
    async with asyncio.timeout(5):
        await subscription.ready()
        assert await two.publish("mute", b"heard") == 1
        while await anext(aiter(subscription)) != b"heard":
            pass


async def test_a_bus_without_redis_starts_and_connects_when_it_comes(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    bus = RedisBus(server.url, patience=1)
    await bus.start()
    with pytest.raises(ConnectionError):
        await bus.ping()
    server.start()
    try:
        await until_up(bus)
    finally:
        await bus.close()
        server.stop()


async def test_what_is_kept_is_there_for_its_time(
    server: RedisServer, nodes: tuple[RedisBus, RedisBus]
) -> None:
    await nodes[0].keep("ariswitch:test", b"here", 10)
    client = Redis.from_url(server.url)
    assert await client.get("ariswitch:test") == b"here"
    assert 0 < await client.ttl("ariswitch:test") <= 10
    await client.aclose()
