"""Recordings, driven by the official Twilio client; media as plain HTTP clients get them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException

from ari_app.api.ports import ApiError
from ari_app.model import (
    CallStatus,
    RecordingRecord,
    RecordingSource,
    RecordingStatus,
    StatusCallback,
    TranscriptionRecord,
)
from ari_app.sids import is_sid, new_sid
from ari_app.testing.api_server import ApiServer, api_server, basic_auth

CONFERENCE = "CF" + "a" * 32


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as server:
        yield server


async def rest(function: Any, **kwargs: Any) -> Any:
    return await asyncio.to_thread(function, **kwargs)


async def refusal(function: Any, **kwargs: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as caught:
        await rest(function, **kwargs)
    return caught.value.status, caught.value.code


async def add(api: ApiServer, **fields: Any) -> RecordingRecord:
    """Put a recording into the store, finished unless said otherwise."""
    now = datetime.now(UTC)
    plain: dict[str, Any] = {
        "sid": new_sid("RE"),
        "account_sid": api.account.sid,
        "call_sid": new_sid("CA"),
        "source": RecordingSource.RECORD_VERB,
        "status": RecordingStatus.COMPLETED,
        "duration": 4,
        "start_time": now,
        "date_created": now,
        "date_updated": now,
    }
    return await api.store.recordings.insert(RecordingRecord(**(plain | fields)))


async def test_a_recording_of_a_call_is_started_paused_and_stopped(api: ApiServer) -> None:
    call = await api.add_call()
    recordings = api.twilio.calls(call.sid).recordings
    made = await rest(
        recordings.create,
        recording_status_callback="https://a.example/r",
        recording_status_callback_method="GET",
        recording_status_callback_event=["in-progress", "completed"],
        recording_channels="dual",
        recording_track="both",
        trim="trim-silence",
    )
    assert is_sid(made.sid, "RE")
    assert (made.call_sid, made.status, made.channels) == (call.sid, "in-progress", 2)
    assert (made.duration, made.price, made.source) == (None, None, "StartCallRecordingAPI")
    assert (made.track, made.start_time is not None) == ("both", True)
    assert made.uri.endswith(f"/Calls/{call.sid}/Recordings/{made.sid}.json")
    [asked] = api.recorded.started
    assert (asked.channels, asked.track, asked.trim) == (2, "both", True)
    assert asked.callback == StatusCallback(
        url="https://a.example/r", method="GET", events=frozenset({"in-progress", "completed"})
    )
    paused = await rest(recordings(made.sid).update, status="paused", pause_behavior="skip")
    assert paused.status == "paused"
    assert (await rest(recordings(made.sid).fetch)).status == "paused"
    resumed = await rest(recordings("Twilio.CURRENT").update, status="in-progress")
    assert (resumed.sid, resumed.status) == (made.sid, "in-progress")
    stopped = await rest(recordings(made.sid).update, status="stopped")
    assert stopped.status == "stopped"
    assert [(sid, u.status, u.silent) for sid, u in api.recorded.updated] == [
        (made.sid, "paused", False),
        (made.sid, "in-progress", True),
        (made.sid, "stopped", True),
    ]
    assert (await rest(recordings(made.sid).fetch)).status == "completed"
    assert [item.sid for item in await rest(recordings.list)] == [made.sid]
    assert await refusal(recordings("Twilio.CURRENT").update, status="stopped") == (404, 20404)


async def test_defaults_are_those_of_the_contract(api: ApiServer) -> None:
    call = await api.add_call()
    made = await rest(
        api.twilio.calls(call.sid).recordings.create, recording_status_callback="http://a.example/"
    )
    assert (made.channels, made.track) == (1, "both")
    [asked] = api.recorded.started
    assert asked.trim is False
    assert asked.callback is not None
    assert asked.callback.events == {"completed"}


@pytest.mark.parametrize(
    "params",
    [
        {"recording_channels": "stereo"},
        {"recording_track": "left"},
        {"trim": "yes"},
        {"recording_status_callback": "ftp://a.example/"},
    ],
)
async def test_bad_parameters_are_refused(api: ApiServer, params: dict[str, str]) -> None:
    call = await api.add_call()
    status, _ = await refusal(api.twilio.calls(call.sid).recordings.create, **params)
    assert status == 400
    assert not api.recorded.started


async def test_what_the_switch_refuses_is_passed_on(api: ApiServer) -> None:
    call = await api.add_call()
    api.recorded.fail_with = ApiError(400, 21220, "not eligible")
    assert await refusal(api.twilio.calls(call.sid).recordings.create) == (400, 21220)
    bad = api.twilio.calls(call.sid).recordings(new_sid("RE")).update
    assert await refusal(bad, status="gone") == (400, 20001)
    assert await refusal(bad, status="paused", pause_behavior="noise") == (400, 20001)


async def test_the_account_s_recordings_are_listed_filtered_and_deleted(api: ApiServer) -> None:
    old = await add(api, date_created=datetime.now(UTC) - timedelta(days=3))
    new = await add(api, channels=2, conference_sid=CONFERENCE, call_sid=None)
    running = await add(api, status=RecordingStatus.IN_PROGRESS, duration=None)
    recordings = api.twilio.recordings

    async def listed(**filters: Any) -> list[str]:
        return [item.sid for item in await rest(recordings.list, **filters)]

    assert await listed() == [running.sid, new.sid, old.sid]
    assert await listed(page_size=1) == [running.sid, new.sid, old.sid]
    assert await listed(call_sid=old.call_sid) == [old.sid]
    assert await listed(conference_sid=CONFERENCE) == [new.sid]
    assert await listed(date_created_before=datetime.now(UTC) - timedelta(days=2)) == [old.sid]
    shown = await rest(recordings(old.sid).fetch)
    assert (shown.duration, shown.status, shown.source) == ("4", "completed", "RecordVerb")
    assert shown.media_url.endswith(f"/Recordings/{old.sid}")
    assert set(shown.subresource_uris) == {"add_on_results", "transcriptions"}
    of_conference = api.twilio.conferences(CONFERENCE).recordings
    assert [item.sid for item in await rest(of_conference.list)] == [new.sid]
    assert (await rest(of_conference(new.sid).fetch)).conference_sid == CONFERENCE
    assert await rest(recordings(old.sid).delete)
    assert await listed(call_sid=old.call_sid) == []
    assert await listed(call_sid=old.call_sid, include_soft_deleted=True) == [old.sid]
    assert (await rest(recordings(old.sid).fetch)).status == "deleted"
    assert await refusal(recordings(old.sid).delete) == (404, 20404)
    assert await refusal(recordings(running.sid).delete) == (409, 20009)
    assert await refusal(recordings(new_sid("RE")).fetch) == (404, 20404)
    wrong = api.twilio.calls(new_sid("CA")).recordings(new.sid)
    assert await refusal(wrong.fetch) == (404, 20404)
    assert await refusal(wrong.delete) == (404, 20404)


async def test_recordings_of_an_unknown_call_are_not_found(api: ApiServer) -> None:
    call = await api.add_call(CallStatus.COMPLETED)
    assert await rest(api.twilio.calls(call.sid).recordings.list) == []
    with pytest.raises(TwilioException, match="20404"):
        await rest(api.twilio.calls(new_sid("CA")).recordings.list)


async def test_the_audio_is_had_with_or_without_a_suffix(api: ApiServer) -> None:
    record = await add(api, channels=2)
    folder = api.recorded.folder
    (folder / f"{record.sid}.wav").write_bytes(b"RIFF two channels")
    (folder / f"{record.sid}.1.wav").write_bytes(b"RIFF one")
    (folder / f"{record.sid}.mp3").write_bytes(b"ID3")
    url = f"{api.root}/Recordings/{record.sid}"
    for suffix, body, kind in (
        ("", b"RIFF two channels", "audio/x-wav"),
        (".wav", b"RIFF two channels", "audio/x-wav"),
        (".mp3", b"ID3", "audio/mpeg"),
        ("?RequestedChannels=2", b"RIFF two channels", "audio/x-wav"),
        (".wav?RequestedChannels=1", b"RIFF one", "audio/x-wav"),
    ):
        async with api.session.get(url + suffix) as answer:
            assert (answer.status, await answer.read()) == (200, body)
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Twilio-Request-Id"]
    async with api.session.get(url, headers={"Range": "bytes=5-7"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"two")
    async with api.session.head(url) as answer:
        assert answer.headers["Content-Length"] == "17"


async def test_audio_that_is_not_to_be_had(api: ApiServer) -> None:
    mono = await add(api)
    running = await add(api, status=RecordingStatus.IN_PROGRESS)
    deleted = await add(api, status=RecordingStatus.DELETED)
    root = f"{api.root}/Recordings"
    for path, status, code in (
        (f"{mono.sid}?RequestedChannels=2", 400, 16113),
        (f"{mono.sid}?RequestedChannels=3", 400, 20001),
        (f"{mono.sid}.wav", 404, 20404),
        (f"{running.sid}.mp3", 404, 20404),
        (deleted.sid, 404, 20404),
        (f"{mono.sid}.ogg", 404, 20404),
    ):
        async with api.session.get(f"{root}/{path}") as answer:
            assert (answer.status, (await answer.json())["code"]) == (status, code)
    wrong = basic_auth(api.account.sid, "wrong")
    async with api.session.get(f"{root}/{mono.sid}.wav", headers=wrong) as answer:
        assert answer.status == 401


async def test_a_call_is_created_with_a_recording(api: ApiServer) -> None:
    create = api.twilio.calls.create
    await rest(create, to="+1555", from_="+1556", twiml="<Response/>")
    await rest(
        create,
        to="+1555",
        from_="+1556",
        twiml="<Response/>",
        record=True,
        recording_channels="dual",
        recording_track="outbound",
        recording_status_callback="http://a.example/r",
    )
    without, recorded = api.calls.created
    assert without.record is None
    assert recorded.record is not None
    assert (recorded.record.channels, recorded.record.track) == (2, "outbound")
    assert recorded.record.trim is True
    assert recorded.record.callback is not None
    bad = {"record": True, "recording_channels": "many"}
    assert await refusal(create, to="+1555", from_="+1556", twiml="<a/>", **bad) == (400, 20001)


async def test_transcriptions_are_listed_fetched_and_deleted(api: ApiServer) -> None:
    record, other = await add(api), await add(api)
    now = datetime.now(UTC)
    made = await api.store.transcriptions.insert(
        TranscriptionRecord(
            sid=new_sid("TR"),
            account_sid=api.account.sid,
            recording_sid=record.sid,
            call_sid=record.call_sid,
            duration=4,
            date_created=now,
            date_updated=now,
        )
    )
    assert list(await api.store.transcriptions.unfinished("")) == [made]
    await api.store.transcriptions.update(made.sid, status="completed", text="hello")
    below = api.twilio.recordings(record.sid).transcriptions
    for resource in (below, api.twilio.transcriptions):
        (item,) = await rest(resource.list)
        assert (item.sid, item.recording_sid, item.status) == (made.sid, record.sid, "completed")
        shown = await rest(resource(made.sid).fetch)
        assert (shown.transcription_text, shown.duration) == ("hello", "4")
    wrong = api.twilio.recordings(other.sid).transcriptions
    assert await rest(wrong.list) == []
    assert await refusal(wrong(made.sid).fetch) == (404, 20404)
    assert await rest(below(made.sid).delete)
    assert await rest(api.twilio.transcriptions.list) == []
    assert await api.store.transcriptions.prune(now) == 0
