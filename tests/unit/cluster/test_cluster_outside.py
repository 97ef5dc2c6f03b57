"""Outside subscribers read stream events and call updates as SomlengSWITCH writes them."""

from __future__ import annotations

import pytest

from ari_app.bus import LocalBus
from ari_app.wiring.outside import CallUpdate, Outside, ToldStream
from stream import control

REST = b'"accountSid":"AC1","callSid":"CA1","streamSid":"MZ1"'


async def published(*events: control.StreamEvent, connected: bool = False) -> list[bytes]:
    """What subscribers read of a stream's events."""
    bus = LocalBus()
    heard = bus.subscribe("mod_twilio_stream:MZ1")
    outside = Outside(bus)
    told = ToldStream(outside, "AC1", "CA1", connected=connected)
    for event in events:
        told.on_event(event)
    await outside.close()
    heard.close()
    return [payload async for payload in heard]


async def test_stream_events_in_order_and_form() -> None:
    assert await published(
        control.Connected("MZ1"),
        control.Started("MZ1"),
        control.DtmfSent("MZ1", "5"),
        control.MarkTaken("MZ1", 'a "b"'),
        control.Mark("MZ1", 'a "b"', "played"),
        control.Cleared("MZ1"),
        control.Stopped("MZ1", "error", 31921, "the server broke off"),
    ) == [
        b'{"event":"connect",' + REST + b"}",
        b'{"event":"start",' + REST + b"}",
        b'{"event":"dtmf",' + REST + b',"payload":{"dtmf":"5"}}',
        b'{"event":"socket_mark",' + REST + b',"payload":{"mark":"a \\"b\\""}}',
        b'{"event":"mark",' + REST + b',"payload":{"mark":"a \\"b\\""}}',
        b'{"event":"socket_clear",' + REST + b"}",
        b'{"event":"disconnect",' + REST + b"}",
    ]


async def test_a_full_buffer_is_told_once_a_stream_and_other_warnings_are_not() -> None:
    assert await published(
        control.Warned("MZ1", 31950, "not one of theirs"),
        control.Warned("MZ1", 31931, "over ten minutes queued"),
        control.Warned("MZ1", 31930, "the server reads too slowly"),
    ) == [b'{"event":"buffer_overrun",' + REST + b"}"]


async def test_a_bot_that_was_never_reached_is_told_with_its_reason() -> None:
    first, second = await published(control.Stopped("MZ1", "error", 31920, "handshake failed"))
    assert b'"connect_failed"' in first
    assert b'"payload":{"reason":"handshake failed"}' in first
    assert b'"disconnect"' in second


@pytest.mark.parametrize("connected", [False, True])
async def test_a_stream_that_somebody_wanted_to_end_has_not_failed(connected: bool) -> None:
    stopped = control.Stopped("MZ1", "requested")
    (told,) = await published(stopped, connected=connected)
    assert b'"disconnect"' in told


async def test_a_call_update_bears_only_what_was_set() -> None:
    bus = LocalBus()
    heard = bus.subscribe("call_updates:CA1")
    outside = Outside(bus)
    outside.call(CallUpdate("CA1", "http://b/", "GET"))
    outside.call(CallUpdate("CA1", twiml="<Response/>"))
    await outside.close()
    heard.close()
    assert [payload async for payload in heard] == [
        b'{"id":"CA1","voice_url":"http://b/","voice_method":"GET"}',
        b'{"id":"CA1","twiml":"<Response/>"}',
    ]


class DeadBus(LocalBus):
    """Carries nothing."""

    async def publish(self, channel: str, payload: bytes) -> int:
        raise ConnectionError("Redis: gone")


@pytest.mark.parametrize("many", [1, 1500])
async def test_without_a_bus_events_are_lost_and_counted(many: int) -> None:
    outside = Outside(DeadBus())
    for _ in range(many):
        outside.call(CallUpdate("CA1", twiml="<Response/>"))
    await outside.close()
    assert outside.dropped == many
