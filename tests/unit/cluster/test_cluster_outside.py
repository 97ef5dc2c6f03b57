"""Outside subscribers read stream events and call updates as SomlengSWITCH writes them."""

from __future__ import annotations

import pytest

from ari_app.bus import LocalBus
from ari_app.wiring.outside import CallUpdate, Outside
from stream import control


async def test_stream_events_in_order_and_form() -> None:
    bus = LocalBus()
    heard = bus.subscribe("mod_twilio_stream:MZ1")
    outside = Outside(bus)
    for event in (
        control.Connected("MZ1"),
        control.Started("MZ1"),
        control.DtmfSent("MZ1", "5"),
        control.Mark("MZ1", 'a "b"', "played"),
        control.Warned("MZ1", 31930, "not one of theirs"),
        control.Stopped("MZ1", "requested"),
    ):
        outside.stream("AC1", "CA1", event, connected=True)
    await outside.close()
    heard.close()
    rest = b'"accountSid":"AC1","callSid":"CA1","streamSid":"MZ1"'
    assert [payload async for payload in heard] == [
        b'{"event":"connect",' + rest + b"}",
        b'{"event":"start",' + rest + b"}",
        b'{"event":"dtmf",' + rest + b',"payload":{"dtmf":"5"}}',
        b'{"event":"mark",' + rest + b',"payload":{"mark":"a \\"b\\""}}',
        b'{"event":"disconnect",' + rest + b"}",
    ]


async def test_a_bot_that_was_never_reached_is_told_with_its_reason() -> None:
    bus = LocalBus()
    heard = bus.subscribe("mod_twilio_stream:MZ1")
    outside = Outside(bus)
    stopped = control.Stopped("MZ1", "error", 31920, "handshake failed")
    outside.stream("AC1", "CA1", stopped, connected=False)
    await outside.close()
    heard.close()
    first, second = [payload async for payload in heard]
    assert b'"connect_failed"' in first
    assert b'"payload":{"reason":"handshake failed"}' in first
    assert b'"disconnect"' in second


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
