"""Outbound calls: what may be dialled, how they fare, and what a hang-up leaves behind."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.call.manager import DrainingError
from ari_app.call.sip import dial_string
from ari_app.errors import StoreUnavailable
from ari_app.model import CallRecord, CallStatus
from ari_app.testing.call_services import ACCOUNT, EVENTS, CallRoom

TEMPLATE = "sip:{number}@127.0.0.1:5090"


async def dial(room: CallRoom, twiml: str = "<Say>hi</Say>", **options: str) -> CallRecord:
    return await room.manager.create(
        ACCOUNT,
        to="+15550111",
        from_="+15550100",
        voice=None,
        twiml=f"<Response>{twiml}</Response>",
        status_callback=EVENTS,
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "to",
    [
        "",
        "+1555 0100",
        "1&PJSIP/outbound/sip:2@evil",
        "1|2",
        "1,30,S(5)",
        "1)exten",
        "${SHELL(id)}",
        "1\r\nEvil: yes",
        "1\x00",
        "1@evil.test",
        "1/2",
        "1;user=phone",
        "9" * 65,
        "sip:a@b&PJSIP/outbound/sip:c@d",
        "sip:a@b,30",
        "sip:${SHELL(id)}@b",
        "sip:a@b\r\nX: y",
        "sip:a@b\n",
        "sip:a@b c",
        'sip:"a"@b',
        "sip:a@example.com;maddr=127.0.0.1",
        "sip:a@example.com;transport=udp;MADDR=127.0.0.1",
        "sip:a@example.com;m%61ddr=127.0.0.1",
        "sip:a@example.com?Route=%3Csip:127.0.0.1;lr%3E",
        "sip:a@example.com?X-A=b%0d%0aRoute:sip:127.0.0.1",
        "sip:a@example.com@127.0.0.1",
        "sip:a@example.com?X-A=b@127.0.0.1",
        "sip:a@b|c",
        "sip:",
        "sip:" + "a" * 300,
        "tel:+15550100",
        "PJSIP/other/sip:a@b",
        "Local/s@default",
    ],
)
def test_nothing_breaks_out_of_the_dial_string(to: str) -> None:
    with pytest.raises(ValueError, match=r"cannot|not a|no outbound"):
        dial_string(to, TEMPLATE)


CLIENTS = "sip:{client}@127.0.0.1:5080"


def test_a_registered_client_is_dialled_through_its_gateway() -> None:
    """Twilio: `To=client:alice`."""
    assert dial_string("client:alice", TEMPLATE, CLIENTS) == (
        "PJSIP/outbound/sip:alice@127.0.0.1:5080"
    )
    with pytest.raises(ValueError, match="client alice is not registered"):
        dial_string("client:alice", TEMPLATE)


@pytest.mark.parametrize(
    "identity",
    ["", "a@evil.test", "a;maddr=127.0.0.1", "a b", "a&PJSIP/outbound/sip:2@evil", "a,3"],
)
def test_no_clients_name_breaks_out_of_the_dial_string(identity: str) -> None:
    with pytest.raises(ValueError, match="no client's identity"):
        dial_string(f"client:{identity}", TEMPLATE, CLIENTS)


@pytest.mark.parametrize(
    ("to", "dialled"),
    [
        ("+15550100", "PJSIP/outbound/sip:+15550100@127.0.0.1:5090"),
        ("1000", "PJSIP/outbound/sip:1000@127.0.0.1:5090"),
        ("sip:alice@example.com:5070;transport=tcp", None),
        ("sips:alice@example.com", None),
    ],
)
def test_numbers_go_through_the_template_and_sip_addresses_as_they_are(
    to: str, dialled: str | None
) -> None:
    assert dial_string(to, TEMPLATE) == (dialled or f"PJSIP/outbound/{to}")


def test_a_number_without_a_route_says_which_setting_is_missing() -> None:
    with pytest.raises(ValueError, match="ARISWITCH_OUTBOUND_SIP_URI"):
        dial_string("+15550100", None)


async def test_an_answered_call_tells_all_its_events_in_order(room: CallRoom) -> None:
    record = await dial(room)
    assert record.status is CallStatus.QUEUED
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.customer.statuses == ["initiated", "ringing", "in-progress", "completed"]
    numbers = [params["SequenceNumber"] for _, params in room.customer.told]
    assert numbers == ["0", "1", "2", "3"]
    room.assert_nothing_left()


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [("busy", CallStatus.BUSY, 486), ("fail", CallStatus.FAILED, 404)],
)
async def test_a_refused_call_ends_in_twilios_word(
    room: CallRoom, outcome: str, status: CallStatus, code: int
) -> None:
    room.asterisk.outcome = outcome  # type: ignore[assignment]
    await dial(room)
    record = await room.ended()
    assert (record.status, record.sip_response_code) == (status, code)


async def test_an_originate_that_asterisk_refuses_is_a_failed_call(room: CallRoom) -> None:
    room.asterisk.refuse("POST", r"/channels/CA.*", 500)
    await dial(room)
    assert (await room.ended()).status is CallStatus.FAILED
    room.assert_nothing_left()


@pytest.mark.parametrize("status", [CallStatus.CANCELED, CallStatus.COMPLETED])
async def test_a_cancel_that_overtakes_the_invite_leaves_no_telephone_ringing(
    room: CallRoom, status: CallStatus
) -> None:
    room.asterisk.outcome = "ring"
    stall = room.asterisk.stall("POST", r"/channels/CA.*")
    record = await dial(room)
    await stall.hit.wait()
    cancel = asyncio.create_task(room.manager.end(ACCOUNT.sid, record.sid, status))
    for _ in range(20):
        await asyncio.sleep(0)
    assert stall.release is not None
    stall.release.set()
    assert (await cancel).status is status
    await room.ended()
    room.assert_nothing_left()


async def test_a_codec_that_cannot_be_asked_fails_the_call_with_a_code(room: CallRoom) -> None:
    room.asterisk.refuse("GET", r"/channels/CA.*/variable", 500)
    await dial(room)
    await room.ended()
    assert room.notifications.codes == [12400]
    room.assert_nothing_left()


async def test_an_update_while_keys_are_sent_keeps_the_time_limit(room: CallRoom) -> None:
    record = await dial(room, "<Pause length='60'/>", send_digits="W" * 60)
    await room.news.until(lambda: "in-progress" in room.customer.statuses)
    room.manager.change(ACCOUNT.sid, record.sid, time_limit=0)
    assert (await room.ended()).status is CallStatus.COMPLETED
    room.assert_nothing_left()


async def test_b_24_an_answer_missed_while_cut_off_is_seen_after_the_reconnect(
    room: CallRoom,
) -> None:
    room.asterisk.outcome = "ring"
    record = await dial(room, "<Say>hi</Say>")
    await room.news.until(lambda: "ringing" in room.customer.statuses)
    await room.asterisk.drop_events()
    await room.asterisk.answer(record.sid)
    await room.asterisk.wait_connected(2)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.sounds.said == ["hi"]


async def test_no_call_is_begun_that_the_store_cannot_remember(room: CallRoom) -> None:
    room.calls.down = True
    with pytest.raises(StoreUnavailable):
        await dial(room)
    assert not room.asterisk.requested("POST")
    assert room.manager.active == 0


async def test_a_draining_node_begins_no_call_and_refuses_new_ones(room: CallRoom) -> None:
    await room.manager.drain(0)
    with pytest.raises(DrainingError):
        await dial(room)
    channel = await room.asterisk.incoming_call("+15550100")
    request = await room.asterisk.wait_request("DELETE", f"/channels/{channel}")
    assert request.query["reason_code"] == "34"


async def test_a_running_call_finishes_while_the_node_drains(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    await dial(room, "<Play>http://app.test/a.wav</Play><Say>end</Say>")
    request = await room.asterisk.wait_request("POST", r"/channels/CA.*/play/.*")
    drained = asyncio.create_task(room.manager.drain(60))
    room.asterisk.auto_finish = True
    await room.news.until(lambda: bool(room.asterisk.world.playbacks))
    await room.asterisk.finish_playback(request.path.rsplit("/", 1)[1])
    await drained
    assert room.calls.only.status is CallStatus.COMPLETED
    assert room.sounds.said == ["end"]
    assert room.customer.statuses[-1] == "completed"
