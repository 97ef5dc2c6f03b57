"""Recordings beside a call: what Asterisk is asked for, what is told, what is kept."""

from __future__ import annotations

import errno
from datetime import UTC, datetime

import msgspec
import pytest

from ari_app.call.recordings import recording as recording_module
from ari_app.call.recordings.recorder import RecordingOptions
from ari_app.call.recordings.recording import Recording
from ari_app.errors import TwilioError
from ari_app.model import (
    CallRecord,
    RecordingRecord,
    RecordingSource,
    RecordingStatus,
    Segment,
    StatusCallback,
    Tape,
)
from ari_app.sids import new_sid
from ari_app.testing.call_services import ACCOUNT, CallRoom
from ari_app.testing.call_services import EVENTS as CALL_EVENTS
from ari_app.testing.recordings import FakeRecorded

TOLD = "http://app.test/recording"
EVENTS = StatusCallback(url=TOLD, events=frozenset({"in-progress", "completed", "absent"}))
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def answered(room: CallRoom) -> CallRecord:
    """A call that plays nothing and lasts."""
    await room.call("<Play digits='1'/><Pause length='60'/>")
    await room.news.until(lambda: "in-progress" in room.customer.statuses)
    return room.calls.only


async def recorded(room: CallRoom, source: str = "StartCallRecordingAPI") -> Recording:
    """A recording of both directions of a new call."""
    call = await answered(room)
    options = RecordingOptions(RecordingSource(source), channels=2, callback=EVENTS)
    return await room.recorder.channel(
        call.channel_id, options, account_sid=call.account_sid, call_sid=call.sid
    )


def told(room: CallRoom) -> list[str]:
    return [params["RecordingStatus"] for url, params in room.customer.told if url == TOLD]


async def test_both_directions_go_into_one_file_and_the_end_is_told(room: CallRoom) -> None:
    recording = await recorded(room)
    ((channel, path),) = room.asterisk.world.monitors.running.values()
    sid = recording.record.sid
    assert (channel, path) == ("in-1", f"/spool/{sid}-1.raw")
    done = await recording.stop()
    assert (done.status, done.duration, done.size) == ("completed", 3, 40_044)
    assert not room.asterisk.world.monitors.running
    how = {"raw_tracks": 2, "channels": 2, "track": "both", "trim": False}
    assert room.files.made == [(sid, [(f"{sid}-1.raw", 0.0)], how)]
    await room.news.until(lambda: told(room) == ["in-progress", "completed"])
    last = room.customer.told[-1][1]
    assert last["RecordingUrl"] == (
        f"http://switch.test/2010-04-01/Accounts/{ACCOUNT.sid}/Recordings/{sid}"
    )
    names = ("CallSid", "RecordingDuration", "RecordingChannels", "RecordingSource")
    assert [last[name] for name in names] == [
        room.calls.only.sid,
        "3",
        "2",
        "StartCallRecordingAPI",
    ]
    assert room.recordings.only.status is RecordingStatus.COMPLETED
    assert room.recordings.only.tape is None


async def test_a_hang_up_ends_the_recording_and_nothing_is_left(room: CallRoom) -> None:
    recording = await recorded(room)
    await room.asterisk.hang_up("in-1")
    assert (await recording.finished()).status is RecordingStatus.COMPLETED
    await room.ended()
    assert room.recorder.find(ACCOUNT.sid, recording.record.sid) is None
    room.assert_nothing_left()


async def test_what_is_said_in_a_pause_is_not_on_the_disk(room: CallRoom) -> None:
    recording = await recorded(room)
    assert (await recording.pause(silent=False)).status is RecordingStatus.PAUSED
    assert not room.asterisk.world.monitors.running
    assert (await recording.pause(silent=True)).status is RecordingStatus.PAUSED
    assert (await recording.resume()).status is RecordingStatus.IN_PROGRESS
    assert len(room.asterisk.world.monitors.running) == 1
    await recording.pause(silent=True)
    await recording.resume()
    await recording.stop()
    ((sid, raw, _),) = room.files.made
    assert [name for name, _ in raw] == [f"{sid}-{n}.raw" for n in (1, 2, 3)]
    silences = [silence for _, silence in raw]
    assert silences[:2] == [0.0, 0.0]
    assert silences[2] > 0


async def test_a_second_recording_of_a_call_is_refused(room: CallRoom) -> None:
    first = await recorded(room)
    call = room.calls.only
    options = RecordingOptions(RecordingSource.START_TWIML)
    with pytest.raises(TwilioError) as refused:
        await room.recorder.channel(
            call.channel_id, options, account_sid=call.account_sid, call_sid=call.sid
        )
    assert refused.value.code == 16108
    dial = RecordingOptions(RecordingSource.DIAL_VERB)
    second = await room.recorder.channel(
        call.channel_id, dial, account_sid=call.account_sid, call_sid=call.sid
    )
    assert room.recorder.of_call(call.sid) == [first, second]
    assert room.recorder.of_call(call.sid, RecordingSource.DIAL_VERB) == [second]


async def test_a_bridge_is_recorded_by_ari(room: CallRoom) -> None:
    await room.ari.bridges.create_with_id(bridge_id="room-1", type="mixing")
    options = RecordingOptions(RecordingSource.CONFERENCE, trim=True, callback=EVENTS)
    conference = "CF" + "1" * 32
    recording = await room.recorder.bridge(
        "room-1", options, account_sid=ACCOUNT.sid, conference_sid=conference
    )
    assert room.recorder.of_conference(conference) == [recording]
    assert set(room.asterisk.world.recordings) == {f"{recording.record.sid}-1"}
    assert (await recording.stop()).status is RecordingStatus.COMPLETED
    assert not room.asterisk.world.recordings
    await room.news.until(lambda: told(room) == ["in-progress", "completed"])
    assert room.customer.told[-1][1]["ConferenceSid"] == conference
    assert "CallSid" not in room.customer.told[-1][1]
    await room.ari.bridges.destroy(bridge_id="room-1")


@pytest.mark.parametrize(("raw_seconds", "code"), [(0.02, 16101), (4.0, 16102)])
async def test_nothing_but_silence_is_absent(room: CallRoom, raw_seconds: float, code: int) -> None:
    recording = await recorded(room)
    room.files.result = FakeRecorded(seconds=0, size=0, loud=False, raw_seconds=raw_seconds)
    done = await recording.stop()
    assert (done.status, done.error_code) == ("absent", code)
    await room.news.until(lambda: told(room) == ["in-progress", "absent"])
    assert room.customer.told[-1][1]["ErrorCode"] == str(code)
    assert room.notifications.codes == [code]


async def test_without_room_nothing_is_recorded_and_that_is_told(room: CallRoom) -> None:
    room.files.full = "the disk has 5 bytes left"
    with pytest.raises(TwilioError, match="5 bytes left") as failed:
        await recorded(room)
    assert failed.value.code == 12400
    await room.news.until(lambda: told(room) == ["failed"])
    assert room.recordings.only.status is RecordingStatus.FAILED
    assert not room.asterisk.world.monitors.running


async def test_a_full_disk_at_the_end_loses_nothing(
    room: CallRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "RETRY_SECONDS", 0.01)
    recording = await recorded(room)
    room.files.result = OSError(errno.ENOSPC, "No space left on device")
    assert (await recording.stop()).status is RecordingStatus.PROCESSING
    await room.news.until(lambda: 12400 in room.notifications.codes)
    room.files.result = FakeRecorded()
    await room.news.until(lambda: told(room) == ["in-progress", "completed"])
    assert room.recordings.only.status is RecordingStatus.COMPLETED


async def test_what_asterisk_never_wrote_is_told_as_failed(room: CallRoom) -> None:
    recording = await recorded(room)
    room.files.result = FileNotFoundError(errno.ENOENT, "Asterisk has written nothing")
    assert (await recording.stop()).status is RecordingStatus.FAILED
    await room.news.until(lambda: told(room) == ["in-progress", "failed"])


async def test_the_manager_session_is_made_again_when_asterisk_forgot_it(room: CallRoom) -> None:
    recording = await recorded(room)
    room.asterisk.world.monitors.sessions.clear()
    await recording.stop()
    assert not room.asterisk.world.monitors.running
    asked = [action["Action"] for action in room.asterisk.world.monitors.asked]
    assert asked.count("Login") == 2


async def test_asterisk_without_a_manager_interface_fails_the_recording(room: CallRoom) -> None:
    room.asterisk.refuse("POST", "/rawman/MixMonitor", 404)
    with pytest.raises(TwilioError, match=r"manager\.conf"):
        await recorded(room)


def left(call_sid: str, **fields: object) -> RecordingRecord:
    """What an earlier process was recording when it died."""
    sid = new_sid("RE")
    record = RecordingRecord(
        sid=sid,
        account_sid=ACCOUNT.sid,
        call_sid=call_sid,
        source=RecordingSource.START_TWIML,
        callback=EVENTS,
        node="n1",
        tape=Tape(
            kind="monitor", target="in-1", segments=(Segment(f"{sid}-1.raw"),), monitor="0x9"
        ),
        start_time=NOW,
        date_created=NOW,
        date_updated=NOW,
    )
    return msgspec.structs.replace(record, **fields)


async def test_a_recording_goes_on_after_a_restart_of_the_app(room: CallRoom) -> None:
    recording = await recorded(room)
    await room.news.until(lambda: told(room) == ["in-progress"])
    await room.recorder.close()
    kept = room.recordings.only
    room.recorder.adopt(await room.recorder.unfinished())
    again = room.recorder.find(ACCOUNT.sid, kept.sid)
    assert again is not None
    assert again is not recording
    assert not again.over.is_set()
    assert (await again.stop()).status is RecordingStatus.COMPLETED
    assert not room.asterisk.world.monitors.running
    await room.news.until(lambda: told(room) == ["in-progress", "completed"])


@pytest.mark.parametrize("status", [RecordingStatus.IN_PROGRESS, RecordingStatus.PROCESSING])
async def test_a_recording_whose_call_is_gone_gets_its_file(
    room: CallRoom, status: RecordingStatus
) -> None:
    record = left("CA" + "0" * 32, status=status)
    room.recordings.records[record.sid] = record
    room.recorder.adopt(await room.recorder.unfinished())
    await room.news.until(lambda: room.recordings.only.status is RecordingStatus.COMPLETED)
    assert room.files.made[0][1] == [(f"{record.sid}-1.raw", 0.0)]
    await room.news.until(lambda: told(room) == ["completed"])


async def test_a_call_made_with_record_names_its_recording_at_the_end(room: CallRoom) -> None:
    await room.manager.create(
        ACCOUNT,
        to="+15550111",
        from_="+15550100",
        voice=None,
        twiml="<Response><Say>hi</Say></Response>",
        status_callback=CALL_EVENTS,
        record=RecordingOptions(RecordingSource.OUTBOUND_API, trim=True, callback=EVENTS),
    )
    await room.ended()
    await room.news.until(lambda: told(room) == ["in-progress", "completed"])
    last = [params for url, params in room.customer.told if url == CALL_EVENTS.url][-1]
    record = room.recordings.only
    assert (last["CallStatus"], last["RecordingSid"]) == ("completed", record.sid)
    assert last["RecordingUrl"].endswith(record.sid)
    assert last["RecordingDuration"] == "3"
    assert record.source is RecordingSource.OUTBOUND_API
    before = [params for url, params in room.customer.told if url == CALL_EVENTS.url][:-1]
    assert not any("RecordingSid" in params for params in before)
    room.assert_nothing_left()


async def test_a_call_whose_recording_cannot_be_goes_on(room: CallRoom) -> None:
    room.files.full = "the disk has 5 bytes left"
    await room.manager.create(
        ACCOUNT,
        to="+15550111",
        from_="+15550100",
        voice=None,
        twiml="<Response><Say>hi</Say></Response>",
        record=RecordingOptions(RecordingSource.OUTBOUND_API),
    )
    await room.ended()
    assert room.sounds.said == ["hi"]
    assert room.notifications.codes == [12400]


async def test_a_bridge_that_went_ends_its_recording(
    room: CallRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "LOOK_SECONDS", 0.01)
    await room.ari.bridges.create_with_id(bridge_id="room-1", type="mixing")
    recording = await room.recorder.bridge(
        "room-1", RecordingOptions(RecordingSource.CONFERENCE), account_sid=ACCOUNT.sid
    )
    await room.recorder.close()
    room.recorder.adopt(await room.recorder.unfinished())
    again = room.recorder.find(ACCOUNT.sid, recording.record.sid)
    assert again is not None
    assert room.asterisk.world.recordings
    await room.asterisk.finish_recording()
    assert (await again.finished()).status is RecordingStatus.COMPLETED
    await room.ari.bridges.destroy(bridge_id="room-1")
