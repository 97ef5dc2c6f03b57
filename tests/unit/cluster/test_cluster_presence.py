"""Nodes announce themselves in the one shape that gateways read, at once when they drain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from ari_app.bus import LocalBus
from ari_app.cluster import Announcement, Presence
from ari_app.testing.news import News


class KeepingBus(LocalBus):
    """Remembers what is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, tuple[bytes, int]] = {}
        self.away = False
        self.news = News()

    async def publish(self, channel: str, payload: bytes) -> int:
        self.news.tell()
        if self.away:
            raise ConnectionError("Redis: gone")
        return await super().publish(channel, payload)

    async def keep(self, key: str, payload: bytes, seconds: int) -> None:
        self.kept[key] = payload, seconds
        self.news.tell()


class Node:
    """A node with calls and moods; its clock stands still."""

    def __init__(self, bus: KeepingBus, name: str = "n1") -> None:
        self.calls, self.draining, self.now = 0, False, 0.0
        self.name = name
        self.bus = bus
        self.presence = Presence(bus, self.describe, clock=lambda: self.now)

    async def describe(self) -> Announcement:
        return Announcement(
            node=self.name,
            sip="10.0.0.1:5060",
            api="http://10.0.0.1:8080",
            capacity=250,
            calls=self.calls,
            draining=self.draining,
            healthy=True,
            at=1_700_000_000,
        )


@pytest.fixture
def told() -> tuple[KeepingBus, AsyncIterator[bytes]]:
    bus = KeepingBus()
    return bus, aiter(bus.subscribe("ariswitch:nodes"))


async def test_the_shape_that_gateways_read(
    told: tuple[KeepingBus, AsyncIterator[bytes]],
) -> None:
    bus, news = told
    node = Node(bus)
    await node.presence.start()
    payload = await anext(news)
    assert payload == (
        b'{"node":"n1","sip":"10.0.0.1:5060","api":"http://10.0.0.1:8080","capacity":250,'
        b'"calls":0,"draining":false,"healthy":true,"at":1700000000}'
    )
    await node.presence.close()
    assert bus.kept["ariswitch:node:n1"][1] == 10
    last = msgspec.json.decode(bus.kept["ariswitch:node:n1"][0])
    assert (last["draining"], last["healthy"]) == (True, False), "who stops takes no calls"


async def test_changes_are_told_at_once(told: tuple[KeepingBus, AsyncIterator[bytes]]) -> None:
    bus, news = told
    node = Node(bus)
    await node.presence.start()
    await anext(news)
    node.calls, node.draining = 3, True
    node.presence.changed()
    async with asyncio.timeout(1.5):  # well before the next one is due anyway
        change = msgspec.json.decode(await anext(news))
    assert (change["calls"], change["draining"]) == (3, True)
    await node.presence.close()


async def test_a_silent_node_is_away_after_ten_seconds(
    told: tuple[KeepingBus, AsyncIterator[bytes]],
) -> None:
    bus, _ = told
    one, two = Node(bus, "n1"), Node(bus, "n2")
    await one.presence.start()
    await two.presence.start()
    late = aiter(bus.subscribe("ariswitch:nodes"))  # hears after both nodes have heard
    for _ in range(2):
        await anext(late)
    assert [each.node for each in one.presence.nodes] == ["n1", "n2"]
    found = one.presence.find("n2")
    assert found is not None
    assert found.api == "http://10.0.0.1:8080"
    await two.presence.close()
    one.now = 10.5
    assert one.presence.find("n2") is None
    await one.presence.close()


async def test_a_node_without_a_bus_knows_that_it_is_blind() -> None:
    bus = KeepingBus()
    node = Node(bus)
    bus.away = True
    await node.presence.start()
    await bus.news.until(lambda: node.presence.blind)
    bus.away = False
    node.presence.changed()
    await bus.news.until(lambda: not node.presence.blind)
    await node.presence.close()


async def test_who_hears_the_news_finds_it_kept() -> None:
    """Gateways read what is kept when news come; else a new node waits for their next look."""

    class ReadAtOnce(KeepingBus):
        async def publish(self, channel: str, payload: bytes) -> int:
            assert self.kept["ariswitch:node:n1"][0] == payload
            return await super().publish(channel, payload)

    node = Node(ReadAtOnce())
    heard = aiter(node.bus.subscribe("ariswitch:nodes"))
    await node.presence.start()
    async with asyncio.timeout(10):
        assert msgspec.json.decode(await anext(heard))["node"] == "n1"
    await node.presence.close()
