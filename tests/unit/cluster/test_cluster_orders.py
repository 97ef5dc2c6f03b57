"""Orders between nodes: answered once, or a clear word that nobody can know."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.bus import LocalBus
from ari_app.cluster import NodeAwayError, Orders
from ari_app.cluster import orders as module


async def echo(body: bytes) -> bytes:
    return b"did " + body


async def started(bus: LocalBus, node: str, handler: module.Handler = echo) -> Orders:
    orders = Orders(bus, node, patience=0.5, unheard=0.2, receipt=0.3, look=0.02)
    await orders.start(handler)
    await orders.ready()
    return orders


async def test_an_order_reaches_its_node_and_its_answer_the_asker() -> None:
    bus = LocalBus()
    one, two, three = [await started(bus, name) for name in ("n1", "n2", "n3")]
    answers = await asyncio.gather(*(one.ask("n2", b"%d" % n) for n in range(50)))
    assert answers == [b"did %d" % n for n in range(50)]
    assert await two.ask("n1", b"back") == b"did back"
    for orders in (one, two, three):
        await orders.close()


async def test_a_node_that_is_not_there_is_told_at_once() -> None:
    one = await started(LocalBus(), "n1")
    with pytest.raises(NodeAwayError, match="n2 is away"):
        await one.ask("n2", b"")
    await one.close()


async def test_a_node_that_comes_back_meanwhile_gets_the_order() -> None:
    bus = LocalBus()
    one = await started(bus, "n1")
    asking = asyncio.create_task(one.ask("n2", b"late"))
    await asyncio.sleep(0)
    two = await started(bus, "n2")
    assert await asking == b"did late"
    for orders in (one, two):
        await orders.close()


async def test_a_node_that_does_not_answer_is_given_up() -> None:
    bus, never = LocalBus(), asyncio.Event()

    async def hang(body: bytes) -> bytes:
        await never.wait()
        return body

    one, two = await started(bus, "n1"), await started(bus, "n2", hang)
    with pytest.raises(NodeAwayError, match="not answered in time"):
        await one.ask("n2", b"")
    never.set()
    for orders in (one, two):
        await orders.close()


async def test_a_node_that_only_seems_to_listen_is_given_up_without_a_receipt() -> None:
    """A machine that lost its power is a subscriber of Redis for minutes."""
    bus = LocalBus()
    dead = bus.subscribe("ariswitch:orders:n2")
    one = await started(bus, "n1")
    with pytest.raises(NodeAwayError, match="not taken the order"):
        await one.ask("n2", b"")
    dead.close()
    await one.close()


async def test_a_node_that_dies_with_an_order_in_hand_is_given_up() -> None:
    bus, begun = LocalBus(), asyncio.Event()

    async def hang(body: bytes) -> bytes:
        begun.set()
        await asyncio.Event().wait()
        return body

    one = Orders(bus, "n1", patience=60, look=0.02)
    await one.start(echo)
    two = await started(bus, "n2", hang)
    asking = asyncio.create_task(one.ask("n2", b""))
    await begun.wait()
    await two.close()  # it stops to listen; what it does is never done
    with pytest.raises(NodeAwayError, match="went away"):
        await asking
    await one.close()


async def test_an_order_may_take_longer_than_its_receipt() -> None:
    bus = LocalBus()

    async def slow(body: bytes) -> bytes:
        await asyncio.sleep(0.3)
        return body

    one, two = Orders(bus, "n1", patience=60, receipt=0.1), await started(bus, "n2", slow)
    await one.start(echo)
    assert await one.ask("n2", b"x") == b"x"
    for orders in (one, two):
        await orders.close()


class DoublingBus(LocalBus):
    """Carries, but says that it could not: as Redis that goes away before it has answered."""

    lost = 1

    async def publish(self, channel: str, payload: bytes) -> int:
        heard = await super().publish(channel, payload)
        if self.lost and channel.startswith("ariswitch:orders:"):
            self.lost -= 1
            raise ConnectionError("Redis: gone")
        return heard


async def test_an_order_that_is_sent_again_is_carried_out_once() -> None:
    bus, done = DoublingBus(), []

    async def count(body: bytes) -> bytes:
        await asyncio.sleep(0.15)  # longer than until it is sent again
        done.append(body)
        return body

    one, two = await started(bus, "n1"), await started(bus, "n2", count)
    assert await one.ask("n2", b"x") == b"x"
    assert done == [b"x"]
    for orders in (one, two):
        await orders.close()


async def test_without_a_bus_the_asker_is_told() -> None:
    bus = DoublingBus()
    bus.lost = 1000
    one = await started(bus, "n1")
    with pytest.raises(NodeAwayError, match="Redis"):
        await one.ask("n2", b"")
    await one.close()


async def test_rubbish_on_a_channel_harms_nobody() -> None:
    bus = LocalBus()
    one, two = await started(bus, "n1"), await started(bus, "n2")
    for channel in ("ariswitch:orders:n2", "ariswitch:answers:n1"):
        for rubbish in (b"", b"\xc1", b"\x93\x01\x02\x03", b"{}"):
            await bus.publish(channel, rubbish)
    assert await one.ask("n2", b"fine") == b"did fine"
    for orders in (one, two):
        await orders.close()
