"""`<Dial record>` between fakes: from which moment, how, and who is told."""

from __future__ import annotations

import pytest

from ari_app.testing.call_services import CallRoom

AFTER = "http://app.test/after"
TOLD = "http://app.test/recording"


def dial(record: str, more: str = "") -> str:
    return (
        f'<Dial action="{AFTER}" record="{record}" recordingStatusCallback="{TOLD}" {more}>'
        "<Sip>sip:bob@192.0.2.7:5070</Sip></Dial>"
    )


async def callee(room: CallRoom) -> str:
    """Wait for the INVITE; its channel."""
    path = (await room.asterisk.wait_request("POST", "/channels/CA[^/]*/dial")).path
    return path.split("/")[2]


@pytest.mark.parametrize(
    ("record", "channels"),
    [("true", 1), ("record-from-answer", 1), ("record-from-answer-dual", 2)],
)
async def test_from_the_answer_on(room: CallRoom, record: str, channels: int) -> None:
    room.customer.documents[AFTER] = "<Say>bye</Say>"
    room.asterisk.outcome = "ring"
    await room.call(dial(record, 'trim="trim-silence" recordingTrack="inbound"'))
    child = await callee(room)
    assert not room.asterisk.world.monitors.running
    await room.asterisk.answer(child)
    await room.asterisk.wait_request("POST", "/bridges/.*/addChannel")
    ((channel, _),) = room.asterisk.world.monitors.running.values()
    assert channel == "in-1"
    await room.asterisk.hang_up(child)
    await room.news.until(lambda: room.sounds.said == ["bye"])
    assert not room.asterisk.world.monitors.running
    await room.news.until(lambda: any(url == TOLD for url, _ in room.customer.told))
    (params,) = [params for url, params in room.customer.told if url == TOLD]
    (action,) = [params for url, params in room.customer.asked if url == AFTER]
    assert action["RecordingUrl"] == params["RecordingUrl"]
    assert (params["RecordingSource"], params["RecordingChannels"]) == ("DialVerb", str(channels))
    how = {"raw_tracks": 2, "channels": channels, "track": "inbound", "trim": True}
    assert [made[2] for made in room.files.made] == [how]
    await room.news.until(lambda: all(r.status.final for r in room.calls.records.values()))


async def test_from_the_ringing_on(room: CallRoom) -> None:
    room.customer.documents[AFTER] = "<Hangup/>"
    room.asterisk.outcome = "ring"
    await room.call(dial("record-from-ringing-dual"))
    child = await callee(room)
    ((channel, _),) = room.asterisk.world.monitors.running.values()
    assert channel == "in-1"
    await room.asterisk.hang_up(child, 17, 486)
    await room.news.until(lambda: any(url == TOLD for url, _ in room.customer.told))
    await room.news.until(lambda: all(r.status.final for r in room.calls.records.values()))
    (action,) = [params for url, params in room.customer.asked if url == AFTER]
    assert (action["DialCallStatus"], "RecordingUrl" in action) == ("busy", True)


async def test_a_recording_that_cannot_be_leaves_the_two_talking(room: CallRoom) -> None:
    room.files.full = "the disk has 5 bytes left"
    room.customer.documents[AFTER] = "<Hangup/>"
    await room.call(dial("true"))
    await room.asterisk.wait_request("POST", "/bridges/.*/addChannel")
    assert room.notifications.codes in ([], [12400])
    await room.asterisk.hang_up("in-1")
    await room.news.until(lambda: all(r.status.final for r in room.calls.records.values()))
    await room.news.until(lambda: room.notifications.codes == [12400])
