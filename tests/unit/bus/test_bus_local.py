"""The bus within one process."""

from __future__ import annotations

from ari_app.bus import Bus, LocalBus


async def test_every_subscriber_of_the_channel_gets_payloads_in_order() -> None:
    bus: Bus = LocalBus()
    one, two, other = bus.subscribe("a"), bus.subscribe("a"), bus.subscribe("b")
    assert await bus.publish("a", b"1") == 2
    assert await bus.publish("a", b"2") == 2
    assert await bus.publish("nobody", b"3") == 0
    await bus.ping()
    await bus.close()
    assert [p async for p in one] == [b"1", b"2"]
    assert [p async for p in two] == [b"1", b"2"]
    assert [p async for p in other] == []


async def test_a_slow_subscriber_loses_the_oldest_and_never_holds_up_the_publisher() -> None:
    bus = LocalBus(queue_limit=2)
    slow = bus.subscribe("a")
    for number in range(5):
        await bus.publish("a", b"%d" % number)
    assert slow.dropped == 3
    slow.close()
    slow.close()
    assert [p async for p in slow] == [b"3", b"4"]
    assert await bus.publish("a", b"x") == 0
