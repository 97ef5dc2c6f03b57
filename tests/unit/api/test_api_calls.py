"""Calls, driven by the official Twilio client with only its base URL changed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from twilio.base.exceptions import TwilioRestException

from ari_app.model import CallStatus, Endpoint
from ari_app.sids import is_sid, new_sid
from ari_app.testing.api_server import ApiServer, api_server

RFC_2822 = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000")
PAGING = {
    "end", "first_page_uri", "next_page_uri", "page", "page_size", "previous_page_uri", "start",
    "uri",
}  # fmt: skip


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as server:
        yield server


async def refusal(function: Any, *args: Any, **kwargs: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(function, *args, **kwargs)
    return caught.value.status, caught.value.code


async def test_fact_13_create_answers_201_and_queued(api: ApiServer) -> None:
    form = {"To": "+15550003", "From": "+15550001", "Url": "https://a.example/voice"}
    async with api.session.post(f"{api.root}/Calls.json", data=form) as response:
        assert response.status == 201
        call = await response.json()
    assert call["status"] == "queued"
    assert call["direction"] == "outbound-api"
    assert [call[k] for k in ("start_time", "end_time", "duration", "price")] == [None] * 4


async def test_create_alone_rings_for_a_minute_and_lasts_four_hours(api: ApiServer) -> None:
    """Twilio: `Timeout` 60 and `TimeLimit` 14400 are the defaults."""
    create = api.twilio.calls.create
    await asyncio.to_thread(create, to="+15550003", from_="+15550001", twiml="<Response/>")
    [request] = api.calls.created
    assert (request.timeout, request.time_limit) == (60, 14_400)
    assert (request.send_digits, request.caller_id, request.status_callback) == (None, None, None)


async def test_create_hands_every_parameter_over(api: ApiServer) -> None:
    call = await asyncio.to_thread(
        api.twilio.calls.create,
        to="sip:bob@192.0.2.1:5070;transport=tcp",
        from_="+1 (555) 000-1000",
        url="https://a.example/voice?x=1",
        method="GET",
        fallback_url="http://a.example/fallback",
        status_callback="https://a.example/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        send_digits="1w23#",
        timeout=20,
        time_limit=600,
        caller_id="client:me",
    )
    assert is_sid(call.sid, "CA")
    [request] = api.calls.created
    assert (request.to, request.from_) == ("sip:bob@192.0.2.1:5070;transport=tcp", "+15550001000")
    assert request.voice == Endpoint(url="https://a.example/voice?x=1", method="GET")
    assert request.fallback == Endpoint(url="http://a.example/fallback")
    assert request.status_callback is not None
    assert request.status_callback.events == {"initiated", "ringing", "answered", "completed"}
    assert (request.timeout, request.time_limit, request.send_digits) == (20, 600, "1w23#")
    assert request.caller_id == "client:me"


async def test_fact_23_events_are_a_repeated_key(api: ApiServer) -> None:
    body = (
        "To=%2B1&From=%2B2&Twiml=%3CResponse%2F%3E&StatusCallback=http%3A%2F%2Fa.example%2F"
        "&StatusCallbackEvent=ringing&StatusCallbackEvent=answered"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{api.root}/Calls.json"
    async with api.session.post(url, data=body, headers=headers) as response:
        assert response.status == 201
    callback = api.calls.created[0].status_callback
    assert callback is not None
    assert callback.events == {"ringing", "answered"}


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (["completed", "busy", "no-answer", "failed"], {"completed"}),
        (["busy"], {"completed"}),
        ([], {"completed"}),
        (["initiated ringing"], {"initiated", "ringing"}),
    ],
)
async def test_fact_24_unknown_events_are_tolerated(
    api: ApiServer, sent: list[str], wanted: set[str]
) -> None:
    await asyncio.to_thread(
        api.twilio.calls.create,
        to="+1",
        from_="+2",
        twiml="<Response/>",
        status_callback="https://a.example/",
        status_callback_event=sent,
    )
    callback = api.calls.created[0].status_callback
    assert callback is not None
    assert callback.events == wanted


async def test_fact_26_leading_white_space_of_twiml_is_trimmed(api: ApiServer) -> None:
    await asyncio.to_thread(
        api.twilio.calls.create, to="+1", from_="+2", twiml="\n\t  <?xml version='1.0'?><Response/>"
    )
    assert api.calls.created[0].twiml == "<?xml version='1.0'?><Response/>"


async def test_url_wins_over_twiml_with_a_warning_to_read(api: ApiServer) -> None:
    """Twilio: 32019."""
    call = await asyncio.to_thread(
        api.twilio.calls.create,
        to="+1",
        from_="+2",
        url="https://a.example/",
        twiml="x" * 5000,
    )
    assert api.calls.created[0].twiml is None
    [note] = await asyncio.to_thread(api.twilio.calls(call.sid).notifications.list)
    assert (note.error_code, note.log) == ("32019", "1")


@pytest.mark.parametrize("told", [True, False])
async def test_a_detection_beside_the_call_that_nobody_is_told_of_is_warned_of(
    api: ApiServer, told: bool
) -> None:
    callback = {"async_amd_status_callback": "https://a.example/amd"} if told else {}
    amd = {"machine_detection": "Enable", "async_amd": "true", **callback}
    create = api.twilio.calls.create
    call = await asyncio.to_thread(create, to="+1", from_="+2", twiml="<Response/>", **amd)
    assert (api.calls.created[0].detection is not None) == told
    notes = await asyncio.to_thread(api.twilio.calls(call.sid).notifications.list)
    assert [(note.error_code, note.log) for note in notes] == ([] if told else [("21262", "1")])


async def test_what_is_not_supported_is_said_in_the_log(api: ApiServer) -> None:
    with capture_logs() as logs:
        call = await asyncio.to_thread(
            api.twilio.calls.create,
            to="+1", from_="+2", twiml="<Response/>", call_reason="why", byoc="BY1",
        )  # fmt: skip
    [line] = [entry for entry in logs if "ignored" in entry["event"]]
    assert (line["call_sid"], line["names"]) == (call.sid, ["CallReason", "Byoc"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": None}, 21201),
        ({"To": " "}, 21201),
        ({"To": "not a number"}, 21211),
        ({"To": "sip:a@b\r\nX-Evil: 1"}, 21211),
        ({"To": "sip:<script>@b"}, 21211),
        ({"To": "1" * 300}, 21211),
        ({"From": None}, 21213),
        ({"From": '"a" <sip:b@c>'}, 21212),
        ({"Url": None}, 21205),
        ({"Url": "ftp://a.example/"}, 21205),
        ({"Url": "/relative"}, 21205),
        ({"Url": "https://"}, 21205),
        ({"Url": "https://under_score.example/"}, 21205),
        ({"Url": "https://a.example:99999/"}, 21205),
        ({"Url": "https://[::1"}, 21205),
        ({"Url": "https://a b.example/"}, 21205),
        ({"Url": "https://a.example/\x01"}, 21205),
        ({"Url": "https://a.example/" + "x" * 5000}, 21205),
        ({"FallbackUrl": "nonsense"}, 21205),
        ({"StatusCallback": "nonsense"}, 21205),
        ({"Method": "PUT"}, 21209),
        ({"StatusCallbackMethod": "DELETE"}, 21209),
        ({"Timeout": "abc"}, 21208),
        ({"Timeout": "0"}, 21208),
        ({"Timeout": "601"}, 21208),
        ({"Timeout": "9" * 5000}, 21208),
        ({"SendDigits": "1" * 33}, 21206),
        ({"SendDigits": "12x"}, 21206),
        ({"ApplicationSid": "AP" + "0" * 32}, 21218),
        ({"Url": None, "Twiml": "x" * 4001}, 32018),
        ({"Url": None, "Twiml": "  "}, 21205),
        ({"TimeLimit": "soon"}, 20001),
    ],
)
async def test_bad_parameters_have_twilio_s_codes(
    api: ApiServer, changes: dict[str, str | None], code: int
) -> None:
    form = {"To": "+15550003", "From": "+15550001", "Url": "https://a.example/voice", **changes}
    sent = {key: value for key, value in form.items() if value is not None}
    async with api.session.post(f"{api.root}/Calls.json", data=sent) as response:
        body = await response.json()
    assert (response.status, body["status"], body["code"]) == (400, 400, code)
    assert api.calls.created == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000/x", "https://[::1]:8080/", "https://user:pw@a.example/?q=1#ct=500",
     "https://bücher.example/", "http://localhost"],
)  # fmt: skip
async def test_good_urls_are_taken_as_they_are(api: ApiServer, url: str) -> None:
    await asyncio.to_thread(api.twilio.calls.create, to="client:bob", from_="+2", url=url)
    assert api.calls.created[0].voice == Endpoint(url=url)


async def test_a_suspended_account_starts_no_calls(api: ApiServer) -> None:
    """Twilio: 20005."""
    await api.store.accounts.ensure(msgspec.structs.replace(api.account, status="suspended"))
    create = api.twilio.calls.create
    assert await refusal(create, to="+1", from_="+2", twiml="<Response/>") == (403, 20005)


async def test_fact_11_update_with_twiml_or_url_reaches_the_call(api: ApiServer) -> None:
    call = await api.add_call()
    update = api.twilio.calls(call.sid).update
    await asyncio.to_thread(update, twiml=" <Response><Hangup/></Response>")
    await asyncio.to_thread(update, url="https://a.example/next", method="GET")
    [(_, first), (_, second)] = api.calls.updated
    assert (first.twiml, first.voice) == ("<Response><Hangup/></Response>", None)
    assert (second.twiml, second.voice) == (
        None,
        Endpoint(url="https://a.example/next", method="GET"),
    )


async def test_redirect_of_a_call_not_in_progress_is_21220(api: ApiServer) -> None:
    call = await api.add_call(CallStatus.QUEUED)
    update = api.twilio.calls(call.sid).update
    assert await refusal(update, twiml="<Response/>") == (400, 21220)


@pytest.mark.parametrize(
    ("sent", "read"),
    [([], set()), (["ringing"], {"ringing"}), (["busy"], {"completed"})],
)
async def test_an_update_without_events_leaves_them_to_the_call(
    api: ApiServer, sent: list[str], read: set[str]
) -> None:
    call = await asyncio.to_thread(
        api.twilio.calls.create, to="+15550003", from_="+15550001", twiml="<Response/>"
    )
    form = [("StatusCallback", "http://a.example/")]
    form += [("StatusCallbackEvent", event) for event in sent]
    async with api.session.post(f"{api.root}/Calls/{call.sid}.json", data=form) as response:
        assert response.status == 200
    [(_, request)] = api.calls.updated
    assert request.status_callback is not None
    assert request.status_callback.events == read


async def test_fact_12_update_to_completed_answers_the_completed_call(api: ApiServer) -> None:
    call = await api.add_call()
    async with api.session.post(
        f"{api.root}/Calls/{call.sid}.json", data={"Status": "completed"}
    ) as response:
        assert response.status == 200
        body = await response.json()
    assert body["status"] == "completed"
    assert body["sid"] == call.sid


async def test_b_14_ending_an_ended_call_is_404_with_20404(api: ApiServer) -> None:
    """B-14: libraries depend on this status and this code."""
    call = await api.add_call(CallStatus.COMPLETED)
    update = api.twilio.calls(call.sid).update
    assert await refusal(update, status="completed") == (404, 20404)


async def test_fact_19_an_unknown_call_is_404_with_20404(api: ApiServer) -> None:
    sid = new_sid("CA")
    assert await refusal(api.twilio.calls(sid).fetch) == (404, 20404)
    assert await refusal(api.twilio.calls(sid).update, status="completed") == (404, 20404)
    assert await refusal(api.twilio.calls(sid).delete) == (404, 20404)
    async with api.session.get(f"{api.root}/Calls/{sid}.json") as response:
        path = f"/2010-04-01/Accounts/{api.account.sid}/Calls/{sid}.json"
        assert await response.json() == {
            "code": 20404,
            "message": f"The requested resource {path} was not found",
            "more_info": "https://www.twilio.com/docs/errors/20404",
            "status": 404,
        }


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Status": "ringing"}, 20001),
        ({"Url": "nonsense"}, 21205),
        ({"Url": "https://a.example/", "Method": "PUT"}, 21209),
        ({"Twiml": "x" * 4001}, 32018),
    ],
)
async def test_bad_updates_have_twilio_s_codes(
    api: ApiServer, form: dict[str, str], code: int
) -> None:
    call = await api.add_call()
    async with api.session.post(f"{api.root}/Calls/{call.sid}.json", data=form) as response:
        assert (response.status, (await response.json())["code"]) == (400, code)
    assert api.calls.updated == []


async def test_an_empty_update_answers_the_call_as_it_is(api: ApiServer) -> None:
    call = await api.add_call(CallStatus.COMPLETED)
    got = await asyncio.to_thread(api.twilio.calls(call.sid).update)
    assert got.status == "completed"


async def test_b_10_a_running_call_is_told_as_it_is_not_as_it_was_stored(api: ApiServer) -> None:
    """A bot that asks at its `start` must see an answered call, however far the store is."""
    call = await asyncio.to_thread(
        api.twilio.calls.create, to="+15550003", from_="+15550001", url="https://a.example/"
    )
    stored = await api.store.calls.get(call.sid, api.account.sid)
    api.calls.live[call.sid] = msgspec.structs.replace(stored, status=CallStatus.IN_PROGRESS)
    fetched = await asyncio.to_thread(api.twilio.calls(call.sid).fetch)
    assert (call.status, fetched.status) == ("queued", "in-progress")


async def test_fact_18_dates_and_durations_have_twilio_s_forms(api: ApiServer) -> None:
    call = await api.add_call()
    start = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    await api.store.calls.update(
        call.sid,
        status=CallStatus.COMPLETED,
        start_time=start,
        end_time=start + timedelta(seconds=7),
        duration=7,
    )
    async with api.session.get(f"{api.root}/Calls/{call.sid}") as response:
        body = await response.json()
    assert body["start_time"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert body["end_time"] == "Sun, 01 Mar 2026 12:00:07 +0000"
    assert RFC_2822.fullmatch(body["date_created"])
    assert body["duration"] == "7"
    assert body["queue_time"] == "0"
    got = await asyncio.to_thread(api.twilio.calls(call.sid).fetch)
    assert got.start_time == start
    assert got.duration == "7"


async def test_call_json_has_twilio_s_fields(api: ApiServer) -> None:
    call = await api.add_call(to="+14158675309")
    async with api.session.get(f"{api.root}/Calls/{call.sid}.json") as response:
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert is_sid(response.headers["Twilio-Request-Id"], "RQ")
        body = await response.json()
    assert set(body) >= {
        "sid", "account_sid", "api_version", "parent_call_sid", "to", "from", "to_formatted",
        "from_formatted", "phone_number_sid", "status", "direction", "date_created",
        "date_updated", "start_time", "end_time", "duration", "price", "price_unit",
        "answered_by", "forwarded_from", "caller_name", "group_sid", "trunk_sid", "queue_time",
        "uri", "subresource_uris",
    }  # fmt: skip
    assert body["to_formatted"] == "(415) 867-5309"
    assert body["uri"] == f"/2010-04-01/Accounts/{api.account.sid}/Calls/{call.sid}.json"
    assert body["subresource_uris"]["user_defined_messages"].endswith("/UserDefinedMessages.json")


async def test_fact_17_lists_have_exactly_one_key_beside_the_paging_keys(api: ApiServer) -> None:
    for path in ("Calls", "IncomingPhoneNumbers", "Notifications", "IncomingPhoneNumbers/Mobile"):
        async with api.session.get(f"{api.root}/{path}.json") as response:
            body = await response.json()
        assert set(body) >= PAGING
        assert len(set(body) - PAGING) == 1


async def test_list_filters_as_the_client_sends_them(api: ApiServer) -> None:
    start = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    one = await api.add_call(to="+15550009")
    two = await api.add_call(CallStatus.BUSY)
    await api.store.calls.update(one.sid, start_time=start)

    async def found(**filters: object) -> list[str]:
        return [c.sid for c in await asyncio.to_thread(api.twilio.calls.list, **filters)]

    assert await found() == [two.sid, one.sid]
    assert await found(to="+15550009") == [one.sid]
    assert await found(from_="+1 555 0002") == [two.sid, one.sid]
    assert await found(status="busy") == [two.sid]
    assert await found(start_time_after=start - timedelta(hours=1)) == [one.sid]
    assert await found(start_time_before=start - timedelta(hours=1)) == []
    assert await found(start_time=start) == [one.sid]
    assert await found(parent_call_sid=new_sid("CA")) == []
    async with api.session.get(f"{api.root}/Calls.json?StartTime=2026-03-01&To=+15550009") as r:
        assert [c["sid"] for c in (await r.json())["calls"]] == [one.sid]


async def test_the_client_streams_all_pages_newest_first(api: ApiServer) -> None:
    made = [(await api.add_call()).sid for _ in range(7)]

    def stream() -> list[str]:
        return [c.sid for c in api.twilio.calls.stream(page_size=3)]

    assert await asyncio.to_thread(stream) == made[::-1]

    def back_and_forth() -> list[str]:
        first = api.twilio.calls.page(page_size=3)
        again = first.next_page().previous_page()
        return [c.sid for c in again]

    assert await asyncio.to_thread(back_and_forth) == made[:3:-1]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("PageSize=1001", 20007),
        ("PageSize=0", 20007),
        ("PageSize=x", 20007),
        ("Page=-1", 20007),
        ("PageToken=nonsense", 20001),
        ("StartTime%3E=yesterday", 20001),
        ("Status=asleep", 20001),
    ],
)
async def test_bad_list_parameters_are_refused(api: ApiServer, query: str, code: int) -> None:
    async with api.session.get(f"{api.root}/Calls.json?{query}") as response:
        assert (response.status, (await response.json())["code"]) == (400, code)


async def test_only_a_finished_call_can_be_deleted(api: ApiServer) -> None:
    """Twilio: 20009."""
    call = await api.add_call()
    assert await refusal(api.twilio.calls(call.sid).delete) == (409, 20009)
    await api.store.calls.update(call.sid, status=CallStatus.COMPLETED)
    assert await asyncio.to_thread(api.twilio.calls(call.sid).delete)
    assert await refusal(api.twilio.calls(call.sid).fetch) == (404, 20404)
