"""What SIP told of a call, in its webhooks: source, name, diversion and X- headers."""

from __future__ import annotations

import msgspec
import pytest

from ari_app.call.ports import InboundRoute
from ari_app.model import CallStatus
from ari_app.testing.call_services import ACCOUNT, EVENTS, NUMBER, VOICE, CallRoom

CONNECT = '<Connect action="/after"><Stream url="wss://bot.test/"/></Connect>'


async def test_every_webhook_of_a_call_tells_what_sip_told(room: CallRoom) -> None:
    """Fetch, status callbacks and the action after the caller's hang-up."""
    room.customer.documents[VOICE.url] = CONNECT
    channel = await room.asterisk.incoming_call(
        NUMBER.phone_number,
        peer="192.0.2.7:5060",
        forwarded_from="+15558000",
        headers={"X-Route-Id": "7", "x-tenant": "ä"},
    )
    await room.news.until(lambda: bool(room.streams.opened))
    await room.asterisk.hang_up(channel)
    record = await room.ended()
    assert record.forwarded_from == "+15558000"
    wanted = {
        "SipSourceIp": "192.0.2.7",
        "SipCallId": f"{channel}@192.0.2.10",
        "ForwardedFrom": "+15558000",
        "SipHeader_X-Route-Id": "7",
        "SipHeader_x-tenant": "ä",
    }
    webhooks = [params for _, params in room.customer.asked + room.customer.told]
    assert len(webhooks) == 4
    for params in webhooks:
        assert wanted.items() <= params.items()


@pytest.mark.parametrize("lookup", [True, False])
async def test_the_callers_name_is_told_to_numbers_that_look_it_up(
    room: CallRoom, lookup: bool
) -> None:
    number = msgspec.structs.replace(NUMBER, voice_caller_id_lookup=lookup)
    room.platform.answer = InboundRoute(ACCOUNT, number, VOICE, None, EVENTS)
    room.customer.documents[VOICE.url] = "<Hangup/>"
    await room.asterisk.incoming_call(NUMBER.phone_number, caller_name="Alice Doe")
    await room.ended()
    assert room.customer.asked[0][1].get("CallerName") == ("Alice Doe" if lookup else None)


async def test_headers_are_bounded_and_strange_names_left_out(room: CallRoom) -> None:
    room.customer.documents[VOICE.url] = "<Hangup/>"
    strange = {"X-a)b": "1", "Via": "2", "X-": "3", "X-" + "a" * 99: "4"}
    many = {f"X-{n}": "v" * 1000 for n in range(50)}
    await room.asterisk.incoming_call(NUMBER.phone_number, headers=strange | many)
    await room.ended()
    told = {k: v for k, v in room.customer.asked[0][1].items() if k.startswith("SipHeader_")}
    assert list(told) == [f"SipHeader_X-{n}" for n in range(20)]
    assert {len(value) for value in told.values()} == {256}


async def test_headers_that_asterisk_will_not_tell_do_not_cost_the_call(room: CallRoom) -> None:
    room.customer.documents[VOICE.url] = "<Say>hello</Say>"
    room.asterisk.refuse("GET", r"/channels/in-1/variable", 500)
    await room.asterisk.incoming_call(NUMBER.phone_number, headers={"X-Route-Id": "7"})
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.sounds.said == ["hello"]
