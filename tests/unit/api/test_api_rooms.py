"""Conferences and queues, driven by the official Twilio client; nobody is in them here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from twilio.base.exceptions import TwilioRestException

from ari_app.api.params import Params
from ari_app.api.participants import read_create
from ari_app.model import ConferenceRecord, ParticipantRecord
from ari_app.sids import is_sid, new_sid
from ari_app.testing.api_server import ApiServer, api_server
from ari_app.wiring.conferences import ApiConferences


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as server:
        yield server


async def refusal(function: Any, *args: Any, **kwargs: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(function, *args, **kwargs)
    return caught.value.status, caught.value.code


async def rest(function: Any, *args: Any, **kwargs: Any) -> Any:
    return await asyncio.to_thread(function, *args, **kwargs)


async def over(api: ApiServer, name: str) -> ConferenceRecord:
    """A conference that has ended."""
    now = datetime.now(UTC)
    record = ConferenceRecord(
        sid=new_sid("CF"),
        account_sid=api.account.sid,
        friendly_name=name,
        status="completed",
        node="n1",
        reason_conference_ended="last-participant-left",
        call_sid_ending_conference="CA" + "1" * 32,
        date_created=now,
        date_updated=now,
    )
    return await api.store.conferences.insert(record)


async def test_a_queue_lives_from_create_to_delete(api: ApiServer) -> None:
    queues = api.twilio.queues
    made = await rest(queues.create, friendly_name="support", max_size=3)
    assert is_sid(made.sid, "QU")
    assert (made.friendly_name, made.max_size, made.current_size) == ("support", 3, 0)
    assert made.average_wait_time == 0
    changed = await rest(made.update, friendly_name="help", max_size=5000)
    assert (changed.sid, changed.friendly_name, changed.max_size) == (made.sid, "help", 5000)
    other = await rest(queues.create, friendly_name="other")
    assert other.max_size == 1000
    assert [one.friendly_name for one in await rest(queues.list)] == ["other", "help"]
    assert await rest(queues(made.sid).members.list) == []
    assert await refusal(queues(made.sid).members("Front").fetch) == (404, 20404)
    await rest(made.delete)
    assert await refusal(queues(made.sid).fetch) == (404, 20404)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"friendly_name": ""}, 20002),
        ({"friendly_name": "x" * 65}, 20002),
        ({"friendly_name": "a", "max_size": 5001}, 20001),
        ({"friendly_name": "taken"}, 22003),
    ],
)
async def test_a_queue_that_cannot_be(api: ApiServer, fields: Any, code: int) -> None:
    await rest(api.twilio.queues.create, friendly_name="taken")
    assert await refusal(api.twilio.queues.create, **fields) == (400, code)


async def test_conferences_that_were_are_listed_and_fetched(api: ApiServer) -> None:
    first, second = await over(api, "a"), await over(api, "b")
    conferences = api.twilio.conferences
    assert [one.sid for one in await rest(conferences.list)] == [second.sid, first.sid]
    assert [one.sid for one in await rest(conferences.list, friendly_name="a")] == [first.sid]
    assert await rest(conferences.list, status="in-progress") == []
    today = datetime.now(UTC).date()
    assert len(await rest(conferences.list, date_created=today)) == 2
    found = await rest(conferences(first.sid).fetch)
    assert (found.friendly_name, found.status) == ("a", "completed")
    assert found.reason_conference_ended == "last-participant-left"
    assert found.call_sid_ending_conference == "CA" + "1" * 32
    assert found.subresource_uris["participants"].endswith(f"/{first.sid}/Participants.json")


async def test_nobody_is_in_a_conference_that_is_over(api: ApiServer) -> None:
    record = await over(api, "a")
    conference = api.twilio.conferences(record.sid)
    assert await rest(conference.participants.list) == []
    call = "CA" + "1" * 32
    assert await refusal(conference.participants(call).fetch) == (404, 20404)
    assert await refusal(conference.participants(call).delete) == (404, 20404)
    assert await refusal(conference.participants(call).update, muted=True) == (404, 20404)
    assert await refusal(conference.update, announce_url="http://a.example/") == (400, 16022)
    assert (await rest(conference.update, status="completed")).status == "completed"
    people = conference.participants
    assert await refusal(people.create, from_="+15550001", to="+15550002") == (400, 16022)


@pytest.mark.parametrize("told", [True, False])
async def test_a_participant_s_detection_of_which_nobody_is_told_is_warned_of(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    now, call = datetime.now(UTC), new_sid("CA")
    made = ParticipantRecord(
        account_sid=api.account.sid,
        conference_sid=new_sid("CF"),
        call_sid=call,
        date_created=now,
        date_updated=now,
    )
    called_in = AsyncMock(return_value=made)
    monkeypatch.setattr(ApiConferences, "call_in", called_in)
    callback = {"amd_status_callback": "http://a.example/amd"} if told else {}
    called = {"from_": "+15550001", "to": "+15550002", "machine_detection": "Enable", **callback}
    await rest(api.twilio.conferences("new").participants.create, **called)
    assert (called_in.call_args.args[2].call.detection is not None) == told
    notes = await rest(api.twilio.api.account.notifications.list)
    warned = [(note.call_sid, note.error_code, note.log) for note in notes]
    assert warned == ([] if told else [(call, "21262", "1")])


def test_a_participant_is_called_with_rests_own_defaults() -> None:
    told = "http://a.example/told"
    called = [("From", "+15550001"), ("To", "+15550002"), ("ConferenceStatusCallback", told)]
    plain = read_create(Params(called))
    assert plain.attributes == {"statusCallback": told, "statusCallbackEvent": "start end"}
    assert plain.call.record is None
    event = "ConferenceStatusCallbackEvent"
    more = [(event, "join"), (event, "leave"), ("Record", "true"), ("RecordingChannels", "dual")]
    wanted = read_create(Params([*called, *more, ("RecordingStatusCallback", told)]))
    assert wanted.attributes["statusCallbackEvent"] == "join leave"
    record = wanted.call.record
    assert record is not None
    assert (record.channels, record.trim) == (2, True)
    assert record.callback is not None
    assert record.callback.url == told


async def test_what_is_not_there_and_what_is_not_valid(api: ApiServer) -> None:
    nothing = api.twilio.conferences("CF" + "0" * 32)
    assert await refusal(nothing.fetch) == (404, 20404)
    async with api.session.get(f"{api.root}/Conferences/nobody/Participants.json") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, 20404)
    async with api.session.get(f"{api.root}/Conferences.json?Status=odd") as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 20001)
    record = await over(api, "a")
    conference = api.twilio.conferences(record.sid)
    assert await refusal(conference.update, status="in-progress") == (400, 20001)
    assert await refusal(conference.update, announce_url="ftp://x/") == (400, 21205)
    person = conference.participants("CA" + "1" * 32)
    assert await refusal(person.update, coaching=True, call_sid_to_coach="x") == (400, 13240)
