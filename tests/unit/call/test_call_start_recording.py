"""<Start><Recording> and <Stop><Recording> on a fake Asterisk."""

from __future__ import annotations

import pytest

from ari_app.call.outcome import Inline
from ari_app.testing.call_services import CallRoom

TOLD = "http://app.test/recording"
WAIT = "<Pause length='60'/>"


def start(name: str = "", **attributes: str) -> str:
    given = {"recordingStatusCallback": TOLD} | attributes | ({"name": name} if name else {})
    text = " ".join(f'{key}="{value}"' for key, value in given.items())
    return f"<Start><Recording {text}/></Start>"


def told(room: CallRoom) -> list[str]:
    return [params["RecordingStatus"] for url, params in room.customer.told if url == TOLD]


async def test_a_recording_runs_beside_the_verbs_until_the_call_ends(room: CallRoom) -> None:
    events = "in-progress completed absent"
    await room.call(start(recordingStatusCallbackEvent=events), "<Say>hello</Say>")
    record = await room.ended()
    await room.news.until(lambda: told(room) == ["in-progress", "completed"])
    params = room.customer.told[-1][1]
    assert (params["CallSid"], params["RecordingSource"]) == (
        record.sid,
        "StartCallRecordingTwiML",
    )
    how = {"raw_tracks": 2, "channels": 2, "track": "both", "trim": True}
    assert [made[2] for made in room.files.made] == [how]
    assert room.notifications.codes == []
    room.assert_nothing_left()


@pytest.mark.parametrize("by", ["name", "sid"])
async def test_stop_ends_it_and_another_may_begin(room: CallRoom, by: str) -> None:
    await room.call(start("one", channels="mono", track="inbound", trim="do-not-trim"), WAIT)
    await room.news.until(lambda: bool(room.asterisk.world.monitors.running))
    await room.news.until(lambda: bool(room.recordings.records))
    sid = room.recordings.only.sid
    name = "one" if by == "name" else sid
    twiml = f'<Stop><Recording name="{name}"/></Stop>{start("two")}{WAIT}'
    await update(room, twiml)
    await room.news.until(lambda: told(room) == ["completed"])
    how = {"raw_tracks": 2, "channels": 1, "track": "inbound", "trim": False}
    assert room.files.made == [(sid, [(f"{sid}-1.raw", 0.0)], how)]
    await room.news.until(lambda: len(room.recordings.records) == 2)
    await room.asterisk.hang_up("in-1")
    await room.ended()
    await room.news.until(lambda: told(room) == ["completed", "completed"])
    assert room.notifications.codes == []


async def test_a_second_one_is_refused_and_the_call_goes_on(room: CallRoom) -> None:
    await room.call(start("one"), start("two"), "<Say>hello</Say>")
    await room.ended()
    assert room.notifications.codes == [16108]
    assert room.sounds.said == ["hello"]
    assert len(room.recordings.records) == 1


async def test_what_is_not_running_cannot_be_stopped(room: CallRoom) -> None:
    await room.call('<Stop><Recording name="none"/></Stop>', "<Say>hello</Say>")
    await room.ended()
    assert room.notifications.codes == [12200]
    assert room.sounds.said == ["hello"]


async def test_its_callback_must_be_absolute(room: CallRoom) -> None:
    await room.call(start(recordingStatusCallback="/told"), "<Say>hello</Say>")
    await room.ended()
    assert room.notifications.codes == [11200]
    assert room.recordings.only.callback is None


async def update(room: CallRoom, twiml: str) -> None:
    """Give the one call a new document."""
    record = room.calls.only
    source = Inline(f"<Response>{twiml}</Response>")
    await room.manager.redirect(record.account_sid, record.sid, source)
