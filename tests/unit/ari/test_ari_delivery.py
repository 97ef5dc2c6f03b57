"""Order and isolation of what handlers get."""

from __future__ import annotations

import asyncio
from typing import Any

from structlog.testing import capture_logs

from ari_app.ari import AriClient, ChannelGone, Event, UnknownEvent
from ari_app.ari.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelVarset,
    PlaybackFinished,
    StasisStart,
)
from ari_app.ari.models import Channel
from ari_app.testing.asterisk import FakeAsterisk


class Heard(list[Event]):
    """Collects events; `await heard.until(kind)` returns with the first of a kind."""

    def __init__(self) -> None:
        self._more = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.append(event)
        self._more.set()

    async def until(self, kind: type[Event]) -> Event:
        while True:
            for event in self:
                if isinstance(event, kind):
                    return event
            self._more.clear()
            await self._more.wait()

    @property
    def types(self) -> list[str]:
        return [event.type for event in self]


async def test_playback_finished_reaches_the_route_before_the_answer_of_play(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    """The classic race: register first, then ask (events name it by target_uri only)."""
    call = await asterisk.incoming_call("1")
    heard = Heard()
    client.route(call, heard)
    await client.channels.play_with_id(call, "p1", media="sound:beep")
    finished = await heard.until(PlaybackFinished)
    assert isinstance(finished, PlaybackFinished)
    assert (finished.playback.id, finished.playback.state) == ("p1", "done")


async def test_route_sees_the_whole_life_in_order(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    heard = Heard()
    client.route("out", heard)
    await client.bridges.create(bridge_id="b")
    await client.channels.originate_with_id(
        "out", endpoint="PJSIP/x", app="ariswitch", app_args="a,b"
    )
    await client.bridges.add_channel("b", channel="out")
    await client.channels.hangup("out")
    await heard.until(ChannelDestroyed)
    assert heard.types == [
        "Dial",
        "ChannelStateChange",
        "Dial",
        "ChannelStateChange",
        "Dial",
        "StasisStart",
        "ChannelEnteredBridge",
        "ChannelHangupRequest",
        "ChannelLeftBridge",
        "StasisEnd",
        "ChannelDestroyed",
    ]


async def test_closed_route_hears_nothing_more(asterisk: FakeAsterisk, client: AriClient) -> None:
    call = await asterisk.incoming_call("1")
    closed, other = Heard(), Heard()
    route = client.route(call, closed)
    client.route(call, other)
    route.close()
    route.close()
    await asterisk.dtmf(call, "1")
    await other.until(ChannelDtmfReceived)
    assert closed == []


async def test_new_call_is_unrouted_and_its_first_handler_misses_nothing(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    heard = Heard()

    def adopt(event: Event) -> None:
        assert isinstance(event, StasisStart)
        client.route(event.channel.id, heard)

    client.on_unrouted(adopt)
    call = await asterisk.incoming_call("+15550100", "alaw", peer="192.0.2.7:5060")
    await asterisk.dtmf(call, "12")
    await asterisk.hang_up(call)
    await heard.until(ChannelDestroyed)
    assert [e.digit for e in heard if isinstance(e, ChannelDtmfReceived)] == ["1", "2"]


async def test_b_23_slow_handler_delays_no_other_channel_and_keeps_its_own_order(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    slow, quick = await asterisk.incoming_call("1"), await asterisk.incoming_call("2")
    gate, done = asyncio.Event(), asyncio.Event()
    seen: list[tuple[str, str]] = []

    async def handler(channel: Channel, event: ChannelDtmfReceived) -> None:
        if channel.id == slow and event.digit == "1":
            await gate.wait()
        seen.append((channel.id, event.digit))
        if len(seen) == 3:
            gate.set()
        if len(seen) == 6:
            done.set()

    client.on_channel_event(ChannelDtmfReceived, handler)
    for digit in "123":
        await asterisk.dtmf(slow, digit)
        await asterisk.dtmf(quick, digit)
    await done.wait()
    assert seen[:3] == [(quick, "1"), (quick, "2"), (quick, "3")]
    assert seen[3:] == [(slow, "1"), (slow, "2"), (slow, "3")]


async def test_events_of_a_late_channel_stay_in_order(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    late, early = await asterisk.incoming_call("1"), await asterisk.incoming_call("2")
    heard = Heard()
    client.route(late, heard)
    client.route(early, heard)
    asterisk.hold(late)
    await asterisk.dtmf(late, "1")
    await asterisk.dtmf(early, "8")
    await asterisk.dtmf(late, "2")
    await asterisk.release(late)
    await asterisk.hang_up(late)
    await heard.until(ChannelDestroyed)
    assert [e.digit for e in heard if isinstance(e, ChannelDtmfReceived)] == ["8", "1", "2"]


async def test_handler_that_raises_is_logged_and_harms_nobody(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    heard = Heard()

    def bad(event: Event) -> None:
        raise RuntimeError("mine")

    async def bad_async(event: Event) -> None:
        raise RuntimeError("mine too")

    call = await asterisk.incoming_call("1")
    client.route(call, bad)
    client.route(call, heard)
    client.on_event("*", bad)
    client.on_event(ChannelDtmfReceived, bad_async)
    with capture_logs() as logs:
        await asterisk.dtmf(call, "1")
        await asterisk.hang_up(call)
        await heard.until(ChannelDestroyed)
    failures = [
        entry for entry in logs if entry["event"] in ("ari_route_failed", "ari_handler_failed")
    ]
    assert {entry["channel_id"] for entry in failures} == {call}
    assert client.state == "connected"


async def test_cancellation_inside_a_handler_ends_only_that_handler(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    call = await asterisk.incoming_call("1")
    second: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handler(event: ChannelDtmfReceived) -> None:
        if event.digit == "1":
            raise asyncio.CancelledError
        second.set_result(event.digit)

    client.on_event(ChannelDtmfReceived, handler)
    await asterisk.dtmf(call, "12")
    assert await second == "2"


async def test_unknown_event_reaches_route_and_handlers(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    call = await asterisk.incoming_call("1")
    heard, named = Heard(), Heard()
    client.route(call, heard)
    client.on_event("MoonRisen", named)
    channel = asterisk.world.channels[call]
    await asterisk.emit({"type": "MoonRisen", "channel": channel, "phase": 3})
    await asterisk.emit_raw(b"\x00 not JSON")
    await asterisk.emit_raw("[1]")
    await asterisk.hang_up(call)
    await heard.until(ChannelDestroyed)
    (event,) = named
    assert isinstance(event, UnknownEvent)
    assert event.raw["phase"] == 3
    assert event in heard
    assert client.state == "connected"


async def test_full_lane_drops_and_counts_instead_of_growing(asterisk: FakeAsterisk) -> None:
    client = asterisk.client(lane_depth=2)
    await client.start()
    call = await asterisk.incoming_call("1")
    gate, heard = asyncio.Event(), Heard()
    handled: list[str] = []
    entered = asyncio.Event()

    async def stuck(event: ChannelDtmfReceived) -> None:
        handled.append(event.digit)
        entered.set()
        await gate.wait()

    client.on_event(ChannelDtmfReceived, stuck)
    client.route(call, heard)
    await asterisk.dtmf(call, "1")
    await entered.wait()
    await asterisk.dtmf(call, "23456")
    await asterisk.hang_up(call)
    await heard.until(ChannelDestroyed)
    assert client.dropped == 3
    gate.set()
    await client.close()


async def test_undo_ends_a_handler(asterisk: FakeAsterisk, client: AriClient) -> None:
    heard, other = Heard(), Heard()
    undo = client.on_event(StasisStart, heard)
    client.on_event("StasisStart", other)
    undo()
    undo()
    await asterisk.incoming_call("1")
    await other.until(StasisStart)
    assert heard == []


async def test_emitted_structs_come_back_equal(asterisk: FakeAsterisk, client: AriClient) -> None:
    call = await asterisk.incoming_call("1")
    heard = Heard()
    client.route(call, heard)
    channel: Any = await client.channels.get(call)
    sent = ChannelVarset(
        application="ariswitch", timestamp="t", variable="A", value="1", channel=channel
    )
    await asterisk.emit(sent)
    assert await heard.until(ChannelVarset) == sent
    assert ChannelGone(channel_id="x").type == "ChannelGone"
