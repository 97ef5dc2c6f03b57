"""The verb Record: what ends it, what its action is told, what is kept."""

from __future__ import annotations

import errno

import pytest

from ari_app.call import transcripts
from ari_app.call.outcome import Inline
from ari_app.errors import TwilioError
from ari_app.model import CallStatus, RecordingStatus
from ari_app.testing.call_services import ACCOUNT, VOICE, CallRoom
from ari_app.testing.recordings import FakeRecorded

DONE = "http://app.test/done"
TOLD = "http://app.test/recording"
RECORD = (
    f'<Record action="{DONE}" recordingStatusCallback="{TOLD}" '
    'recordingStatusCallbackEvent="in-progress completed absent"/>'
)
ASKED = r"/channels/in-1/record"


async def recording(room: CallRoom, *verbs: str) -> str:
    """A call that records; returns the name by which ARI knows the recording."""
    room.customer.documents[DONE] = "<Say>thank you</Say>"
    await room.call(*(verbs or (RECORD,)))
    await rolling(room)
    (name,) = room.asterisk.world.recordings
    return name


async def rolling(room: CallRoom) -> None:
    """Wait until Asterisk records, which is written down then."""

    def segments() -> int:
        records = room.recordings.records.values()
        return sum(len(record.tape.segments) for record in records if record.tape)

    await room.news.until(lambda: segments() == 1)


def told(room: CallRoom) -> list[dict[str, str]]:
    return [params for url, params in room.customer.told if url == TOLD]


def statuses(room: CallRoom) -> list[str]:
    return [params["RecordingStatus"] for params in told(room)]


def asked(room: CallRoom, url: str = DONE) -> dict[str, str]:
    """What the action was asked with, of the recording."""
    (params,) = [params for where, params in room.customer.asked if where == url]
    return {
        name: params[name]
        for name in ("Digits", "RecordingDuration", "RecordingSid", "RecordingUrl")
        if name in params
    }


async def test_a_beep_then_what_the_caller_says_until_a_key(room: CallRoom) -> None:
    name = await recording(room)
    order = [r.path.rpartition("/")[2] for r in room.asterisk.requests if "in-1/" in r.path]
    assert order[-3:] == ["answer", "in-1-play-1", "record"]
    request = room.asterisk.requested("POST", ASKED)[0].query
    wanted = {"name": name, "format": "sln", "maxDurationSeconds": "3600"}
    assert wanted.items() <= request.items()
    assert (request["maxSilenceSeconds"], request["terminateOn"]) == ("5", "none")
    await room.asterisk.dtmf("in-1", "7")
    await room.news.until(lambda: room.sounds.said == ["thank you"])
    sid = room.recordings.only.sid
    assert asked(room) == {
        "Digits": "7",
        "RecordingDuration": "3",
        "RecordingSid": sid,
        "RecordingUrl": (f"http://switch.test/2010-04-01/Accounts/{ACCOUNT.sid}/Recordings/{sid}"),
    }
    await room.ended()
    assert statuses(room) == ["in-progress", "completed"]
    assert told(room)[1]["RecordingSource"] == "RecordVerb"
    assert room.files.made[0][2] == {
        "raw_tracks": 1,
        "channels": 1,
        "track": "inbound",
        "trim": True,
    }
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_silence_or_the_length_ends_it_without_a_key(room: CallRoom) -> None:
    await recording(
        room,
        f'<Record action="{DONE}" playBeep="false" timeout="0" maxLength="9" '
        'trim="do-not-trim" finishOnKey="#"/>',
    )
    assert not [r for r in room.asterisk.requests if "/play/" in r.path]
    request = room.asterisk.requested("POST", ASKED)[0].query
    assert (request["maxSilenceSeconds"], request["maxDurationSeconds"]) == ("0", "9")
    await room.asterisk.dtmf("in-1", "1")
    assert room.asterisk.world.recordings
    await room.asterisk.finish_recording()
    await room.ended()
    assert "Digits" not in asked(room)
    assert room.files.made[0][2]["trim"] is False


async def test_a_hang_up_keeps_the_recording_and_tells_the_action(room: CallRoom) -> None:
    await recording(room)
    await room.asterisk.hang_up("in-1")
    await room.ended()
    ((_, params),) = [told for told in room.customer.told if told[0] == DONE]
    sid = room.recordings.only.sid
    assert (params["Digits"], params["CallStatus"]) == ("hangup", "completed")
    assert (params["RecordingSid"], params["RecordingDuration"]) == (sid, "3")
    assert room.recordings.only.status is RecordingStatus.COMPLETED
    assert DONE not in [url for url, _ in room.customer.asked]
    room.assert_nothing_left()


async def test_nothing_said_goes_on_with_the_next_verb(room: CallRoom) -> None:
    room.files.result = FakeRecorded(seconds=5.0, loud=False, raw_seconds=5.0)
    await recording(room, RECORD, "<Say>nobody there</Say>")
    await room.asterisk.finish_recording()
    await room.news.until(lambda: room.sounds.said == ["nobody there"])
    await room.ended()
    assert statuses(room) == ["in-progress", "absent"]
    assert room.files.deleted == [room.recordings.only.sid]
    assert DONE not in [url for url, _ in room.customer.asked]
    assert room.notifications.codes == [16102]


async def test_without_an_action_the_document_itself_is_asked(room: CallRoom) -> None:
    await recording(room, '<Record playBeep="false"/>')
    room.customer.documents[VOICE.url] = "<Hangup/>"
    await room.asterisk.dtmf("in-1", "#")
    await room.ended()
    again = [params for url, params in room.customer.asked if url == VOICE.url][1]
    assert (again["Digits"], again["RecordingDuration"]) == ("#", "3")


async def test_a_live_update_keeps_what_was_said(room: CallRoom) -> None:
    await recording(room)
    twiml = Inline("<Response><Say>enough</Say></Response>")
    await room.manager.redirect(ACCOUNT.sid, room.calls.only.sid, twiml)
    await room.news.until(lambda: room.sounds.said == ["enough"])
    await room.ended()
    assert statuses(room) == ["in-progress", "completed"]
    assert DONE not in [url for url, _ in room.customer.asked + room.customer.told]
    room.assert_nothing_left()


async def test_asterisk_refusing_is_told_and_the_next_verb_runs(room: CallRoom) -> None:
    room.asterisk.refuse("POST", ASKED, 500, "no")
    await room.call(RECORD, "<Say>sorry</Say>")
    await room.news.until(lambda: room.sounds.said == ["sorry"])
    await room.ended()
    assert room.notifications.codes == [12400]
    assert statuses(room) == ["failed"]


@pytest.mark.parametrize("full", ["at first", "at last"])
async def test_a_full_disk(room: CallRoom, full: str) -> None:
    if full == "at first":
        room.files.full = "the disk has 5 bytes left"
    else:
        room.files.result = OSError(errno.ENOSPC, "No space left on device")
    room.customer.documents[DONE] = "<Hangup/>"
    await room.call(RECORD, "<Hangup/>")
    if full == "at last":
        await rolling(room)
        await room.asterisk.dtmf("in-1", "1")
    await room.news.until(lambda: 12400 in room.notifications.codes)
    await room.news.until(lambda: room.calls.only.status is CallStatus.COMPLETED)
    if full == "at last":
        # The action learns of the recording, which gets its file when the disk has room.
        assert asked(room).keys() == {"Digits", "RecordingSid", "RecordingUrl"}
        assert room.recordings.only.status is RecordingStatus.PROCESSING


async def test_the_verb_goes_on_after_a_restart_of_the_app(room: CallRoom) -> None:
    name = await recording(room)
    call = room.calls.only
    await room.recorder.close()
    room.recorder.adopt(await room.recorder.unfinished())
    left = room.recorder.take_left(call.sid)
    assert left is not None
    assert not left.over.is_set()
    assert set(room.asterisk.world.recordings) == {name}
    await left.stop()
    assert not room.asterisk.world.recordings
    await room.asterisk.hang_up("in-1")


WRITTEN = "http://app.test/written"
TRANSCRIBED = f'<Record action="{DONE}" playBeep="false" transcribeCallback="/written"/>'


def written(room: CallRoom) -> list[dict[str, str]]:
    return [params for url, params in room.customer.told if url == WRITTEN]


@pytest.mark.parametrize("end", ["key", "hang-up"])
async def test_what_was_said_is_written_down_beside_the_call(room: CallRoom, end: str) -> None:
    await recording(room, TRANSCRIBED)
    assert room.asterisk.requested("POST", ASKED)[0].query["maxDurationSeconds"] == "120"
    if end == "key":
        await room.asterisk.dtmf("in-1", "#")
    else:
        await room.asterisk.hang_up("in-1")
    await room.news.until(lambda: bool(written(room)))
    (params,) = written(room)
    call, recorded = room.calls.only, room.recordings.only
    (kept,) = room.transcriptions.records.values()
    assert (kept.status, kept.text, kept.duration) == ("completed", "hello world", 3)
    account = f"http://switch.test/2010-04-01/Accounts/{ACCOUNT.sid}"
    assert params == {
        "AccountSid": ACCOUNT.sid,
        "ApiVersion": "2010-04-01",
        "CallSid": call.sid,
        "CallStatus": "in-progress" if end == "key" else "completed",
        "Direction": "inbound",
        "From": call.from_,
        "To": call.to,
        "RecordingSid": recorded.sid,
        "RecordingUrl": f"{account}/Recordings/{recorded.sid}",
        "TranscriptionSid": kept.sid,
        "TranscriptionStatus": "completed",
        "TranscriptionText": "hello world",
        "TranscriptionUrl": f"{account}/Recordings/{recorded.sid}/Transcriptions/{kept.sid}",
    }
    await room.ended()


async def test_a_busy_engine_is_asked_again_and_a_broken_one_told(
    room: CallRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcripts, "RETRY_SECONDS", 0)
    busy = TwilioError(13340, "busy")
    room.transcriber.failures = [busy, busy]
    await recording(room, TRANSCRIBED, TRANSCRIBED)
    await room.asterisk.hang_up("in-1")
    await room.ended()
    await room.news.until(lambda: bool(written(room)))
    assert written(room)[0]["TranscriptionStatus"] == "completed"
    room.transcriber.failures = [busy, busy, busy]
    (one,) = room.transcriptions.records.values()
    room.transcripts.adopt([one])  # as after a restart
    await room.news.until(lambda: len(written(room)) == 2)
    assert written(room)[1]["TranscriptionStatus"] == "failed"


async def test_what_is_too_short_is_not_written_down(room: CallRoom) -> None:
    room.files.result = FakeRecorded(seconds=0.9)
    await recording(room, TRANSCRIBED)
    await room.asterisk.dtmf("in-1", "#")
    await room.ended()
    assert room.notifications.codes == [13617]
    assert not written(room)
    assert not room.transcriptions.records
