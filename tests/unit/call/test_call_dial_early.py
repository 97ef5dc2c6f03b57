"""A callee's early media (183 with SDP): heard by the caller until the answer, never longer."""

from __future__ import annotations

import pytest

from ari_app.testing.asterisk import Request
from ari_app.testing.call_services import CallRoom

MEDIA = "CHANNEL(rtp,dest)"


@pytest.fixture
def ringing(room: CallRoom) -> CallRoom:
    """A room whose callees do what the test says."""
    room.asterisk.outcome = "manual"
    room.asterisk.auto_finish = False
    return room


async def dialled(room: CallRoom, count: int = 1) -> list[str]:
    """Wait for that many INVITEs; the channels' ids, oldest first."""
    invite = "/channels/CA[^/]*(/dial)?"
    await room.asterisk.wait_request("POST", invite, count)
    return [one.path.split("/")[2] for one in room.asterisk.requested("POST", invite)]


async def early(room: CallRoom, callee: str) -> Request:
    """The callee sends audio; the request by which the caller was let in to hear it."""
    room.asterisk.world.variables[callee, MEDIA] = "192.0.2.7:4000"
    await room.asterisk.progress(callee)
    return await room.asterisk.wait_request("POST", f"/bridges/{callee}-early/addChannel", 2)


async def over(room: CallRoom) -> None:
    """Wait until all calls have ended and nothing is left of them."""
    calls = room.calls.records
    await room.news.until(lambda: bool(calls) and all(one.status.final for one in calls.values()))
    await room.manager.drain(10)
    room.assert_nothing_left()
    assert room.notifications.codes == []


async def test_the_ringing_stops_and_the_callee_is_heard_until_he_answers(
    ringing: CallRoom,
) -> None:
    room = ringing
    caller = await room.call("<Dial>111</Dial>")
    (callee,) = await dialled(room)
    await room.asterisk.wait_request("POST", f"/channels/{caller}/play/.*")
    assert (await early(room, callee)).query["channel"] == caller
    assert not room.asterisk.world.playbacks
    assert room.calls.records[callee].status == "ringing"
    await room.asterisk.answer(callee)
    await room.asterisk.wait_request("POST", f"/bridges/{callee}-dial/addChannel")
    assert list(room.asterisk.world.bridges) == [f"{callee}-dial"]
    await room.asterisk.hang_up(callee)
    await over(room)


async def test_an_unanswered_caller_is_told_that_there_is_something_to_hear(
    ringing: CallRoom,
) -> None:
    room = ringing
    caller = await room.call('<Dial answerOnBridge="true">111</Dial>')
    (callee,) = await dialled(room)
    await early(room, callee)
    assert room.asterisk.requested("POST", f"/channels/{caller}/progress")
    assert not room.asterisk.requested("POST", f"/channels/{caller}/answer")
    await room.asterisk.hang_up(callee, 17, 486)
    await over(room)
    assert room.calls.records[callee].status == "busy"


@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_whoever_leaves_meanwhile_leaves_nothing(ringing: CallRoom, who: str) -> None:
    room = ringing
    caller = await room.call("<Dial>111</Dial>")
    (callee,) = await dialled(room)
    await early(room, callee)
    await room.asterisk.hang_up(caller if who == "caller" else callee, 19, 480)
    await over(room)
    assert room.calls.records[callee].status == ("canceled" if who == "caller" else "no-answer")


async def test_a_183_without_audio_goes_on_ringing(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call("<Dial>111</Dial>")
    (callee,) = await dialled(room)
    room.asterisk.world.variables[callee, MEDIA] = "(null)"
    await room.asterisk.progress(callee)
    await room.asterisk.wait_request("GET", f"/channels/{callee}/variable")
    assert len(room.asterisk.world.playbacks) == 1
    await room.asterisk.hang_up(caller)
    await over(room)
    assert not room.asterisk.requested("POST", "/bridges/.*")


@pytest.mark.parametrize(
    "dial",
    ['<Dial ringTone="fr">111</Dial>', "<Dial><Number>111</Number><Number>222</Number></Dial>"],
)
async def test_a_ring_tone_or_company_leaves_no_room_for_it(ringing: CallRoom, dial: str) -> None:
    room = ringing
    caller = await room.call(dial)
    await dialled(room)
    assert not room.asterisk.requested("POST", "/channels/create")
    await room.asterisk.hang_up(caller)
    await over(room)


async def test_it_rings_again_while_the_callee_hears_his_whisper(ringing: CallRoom) -> None:
    room = ringing
    room.customer.documents["http://app.test/whisper"] = "<Say>For you</Say>"
    caller = await room.call('<Dial><Number url="/whisper">111</Number></Dial>')
    (callee,) = await dialled(room)
    await early(room, callee)
    await room.asterisk.answer(callee)
    whisper = await room.asterisk.wait_request("POST", f"/channels/{callee}/play/.*")
    await room.asterisk.wait_request("POST", f"/channels/{caller}/play/.*", 2)
    await room.asterisk.finish_playback(whisper.path.rsplit("/", 1)[1])
    await room.asterisk.wait_request("POST", f"/bridges/{callee}-dial/addChannel")
    await room.asterisk.hang_up(callee)
    await over(room)
