"""A call whose channel is in the dialplan for a REFER while the app is restarted."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.call.outcome import Inline
from ari_app.model import CallRecord, CallStatus, Checkpoint, Direction
from ari_app.testing.call_services import ACCOUNT, EVENTS, NOW, NUMBER, VOICE, CallRoom

SID = "CA" + "7" * 32
CHANNEL = "in-old"
REFER = '<Refer action="http://app.test/after"><Sip>sip:carol@192.0.2.9</Sip></Refer>'


def leave_referred(
    room: CallRoom, document: str = f"<Response>{REFER}</Response>", verb: int = 0
) -> None:
    """What an earlier process leaves: record, place, and the channel on its way."""
    room.customer.documents["http://app.test/after"] = "<Hangup/>"
    channel = room.asterisk.world.new_channel(CHANNEL, state="Up")
    channel["dialplan"] |= {"context": "refer", "app_name": "Transfer"}
    room.calls.records[SID] = CallRecord(
        sid=SID,
        account_sid=ACCOUNT.sid,
        direction=Direction.INBOUND,
        from_="+15550199",
        to=NUMBER.phone_number,
        status=CallStatus.IN_PROGRESS,
        voice=VOICE,
        status_callback=EVENTS,
        node="n1",
        channel_id=CHANNEL,
        time_limit=10**9,
        date_created=NOW,
        date_updated=NOW,
        start_time=NOW,
    )
    room.calls.places[SID] = Checkpoint(url=VOICE.url, document=document, verb=verb)


async def test_a_refer_of_an_earlier_process_is_waited_for(unconnected: CallRoom) -> None:
    room = unconnected
    leave_referred(room)
    room.asterisk.world.variables[CHANNEL, "CHANNEL(audionativeformat)"] = "(alaw)"
    await room.connect()
    await room.asterisk.wait_request("POST", "/applications/.*")
    await room.asterisk.start_stasis(CHANNEL, ["refer", "FAILURE", "486"])
    await room.ended()
    ((_, params),) = room.customer.asked
    assert params["ReferCallStatus"] == "busy"
    assert not room.asterisk.requested("POST", ".*/continue")
    assert room.notifications.codes == []
    room.assert_nothing_left()


@pytest.mark.parametrize(
    "moment", [("GET", "/bridges"), ("GET", f"/channels/{CHANNEL}"), ("POST", "/applications/.*")]
)
async def test_a_channel_that_comes_back_while_it_is_adopted_is_not_referred_again(
    unconnected: CallRoom, moment: tuple[str, str]
) -> None:
    room = unconnected
    leave_referred(room)
    stall = room.asterisk.stall(*moment)
    await room.connect()
    await stall.hit.wait()
    await room.asterisk.start_stasis(CHANNEL, ["refer", "FAILURE", "486"])
    assert stall.release is not None
    stall.release.set()
    await room.ended()
    ((_, params),) = room.customer.asked
    assert params["ReferCallStatus"] == "busy"
    assert not room.asterisk.requested("POST", ".*/continue")
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_the_outcome_of_an_earlier_refer_is_not_the_next_one_s(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_referred(room, f"<Response><Say>on</Say>{REFER}</Response>")
    await room.asterisk.start_stasis(CHANNEL, ["refer", "FAILURE", "486"])
    await room.connect()
    await room.asterisk.wait_request("POST", f"/channels/{CHANNEL}/continue")
    await room.asterisk.wait_until(lambda: CHANNEL not in room.asterisk.world.in_stasis)
    await room.asterisk.start_stasis(CHANNEL, ["refer", "SUCCESS", "0"])
    await room.ended()
    ((_, params),) = room.customer.asked
    assert params["ReferCallStatus"] == "in-progress"
    room.assert_nothing_left()


async def test_another_verb_has_the_channel_back_from_its_refer_first(
    unconnected: CallRoom,
) -> None:
    """The place that was remembered lags while the store is away."""
    room = unconnected
    leave_referred(room, f"<Response>{REFER}<Say>on</Say></Response>", 1)
    await room.connect()
    await room.ended()
    assert room.sounds.said == ["on"]
    assert room.asterisk.requested("POST", ".*/play/.*")
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_a_live_update_has_the_channel_back_from_an_earlier_process_s_refer(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_referred(room)
    adopted = asyncio.Event()
    room.manager.on_change(adopted.set)
    await room.connect()
    await adopted.wait()
    new = Inline("<Response><Say>new</Say></Response>")
    await room.manager.redirect(ACCOUNT.sid, SID, new)
    await room.ended()
    assert room.sounds.said == ["new"]
    assert room.customer.asked == []
    assert room.notifications.codes == []
    room.assert_nothing_left()
