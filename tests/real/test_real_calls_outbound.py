"""Calls that go out: created, watched, listed and ended by Twilio's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ari_app.testing import audio
from ari_app.testing.developer import Developer, Routed
from ari_app.testing.phone import Phone, telephone

ALL = ["initiated", "ringing", "answered", "completed"]
CODES = audio.random_codes(0.2, seed=30)


async def create(dev: Developer, phone: Phone, **params: Any) -> Any:
    """Create a call to a telephone by its SIP address, `Twiml` hanging up unless given."""
    if not params.keys() & {"url", "twiml"}:
        params["twiml"] = "<Response><Hangup/></Response>"
    params.setdefault("from_", "+15550100")
    to = f"sip:bob@127.0.0.1:{phone.sipp.port}"
    return await dev.rest(dev.client.calls.create, to=to, **params)


@asynccontextmanager
async def trunk(
    routed: Routed, scenario: str = "uas_answer", **options: Any
) -> AsyncIterator[Phone]:
    """The telephone behind the outbound route of the second node."""
    async with telephone(scenario, port=routed.trunk_port, **options) as phone:
        yield phone


def jingle(dev: Developer) -> str:
    """URL of a sound that can be found again byte for byte."""
    return dev.files.audio("/jingle.wav", audio.wav(CODES, "ulaw"))


async def test_fact_13_created_call_is_queued_and_runs_to_its_end(
    routed_dev: Developer, routed: Routed
) -> None:
    """A number through the outbound route; TwiML by URL, fetched when the callee answers."""
    dev = routed_dev
    url = dev.app.twiml("/answer", f"<Play>{jingle(dev)}</Play>")
    began = datetime.now(UTC).replace(microsecond=0)
    async with trunk(routed, "uas_ring_then_answer", seconds=0.3) as phone:
        made = await dev.rest(
            dev.client.calls.create, to="+15551234567", from_="+15550100", url=url
        )
        assert (made.status, made.direction) == ("queued", "outbound-api")
        assert (made.start_time, made.end_time, made.duration, made.price) == (None,) * 4
        await phone.answered()
        await phone.hung_up()
    invite = next(m for m in phone.sipp.messages if m.method == "INVITE")
    assert invite.start_line.startswith("INVITE sip:+15551234567@127.0.0.1")
    assert "+15550100" in invite.header("From")
    assert phone.probe.heard(CODES)
    (asked,) = dev.app.received("/answer")
    assert (asked.params["CallStatus"], asked.params["Direction"]) == (
        "in-progress",
        "outbound-api",
    )
    assert (asked.params["CallSid"], asked.signed) == (made.sid, True)
    ended = await dev.over(made.sid)
    assert (ended.status, ended.to, ended._from) == ("completed", "+15551234567", "+15550100")
    assert ended.duration == "1"
    assert began <= ended.date_created <= ended.start_time <= ended.end_time
    assert ended.end_time <= datetime.now(UTC)
    assert ended.date_updated is not None


async def test_fact_26_twiml_parameter_may_begin_with_white_space(dev: Developer) -> None:
    twiml = f'\n\n   <?xml version="1.0"?><Response><Play>{jingle(dev)}</Play></Response>'
    async with telephone() as phone:
        made = await create(dev, phone, twiml=twiml)
        await phone.answered()
        await phone.hung_up()
    assert phone.probe.heard(CODES)
    assert (await dev.over(made.sid)).status == "completed"
    assert await dev.problems(made.sid) == []


async def test_fact_22_fact_23_b_10_status_callbacks_in_order(dev: Developer) -> None:
    """All four, numbered from 0, each signed; `answered` is told as in-progress."""
    async with telephone("uas_ring_then_answer", seconds=0.3) as phone:
        made = await create(
            dev,
            phone,
            status_callback=dev.app.callback("/status"),
            status_callback_event=ALL,
        )
        await phone.hung_up()
    await dev.app.wait_for("/status", 4)
    arrived = [one.params for one in dev.app.received("/status")]
    assert [one["CallStatus"] for one in arrived] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [one["SequenceNumber"] for one in arrived] == ["0", "1", "2", "3"]
    assert {one["CallSid"] for one in arrived} == {made.sid}
    assert {one["CallbackSource"] for one in arrived} == {"call-progress-events"}
    assert {one["Direction"] for one in arrived} == {"outbound-api"}
    assert ["CallDuration" in one for one in arrived] == [False, False, False, True]
    assert (arrived[3]["CallDuration"], arrived[3]["SipResponseCode"]) == ("1", "200")
    assert all(one.signed for one in dev.app.received("/status"))


@pytest.mark.parametrize(
    "events", [None, ["busy", "failed", "no-answer"], ["nonsense", "completed"]]
)
async def test_fact_22_fact_24_only_completed_unless_asked_otherwise(
    dev: Developer, events: list[str] | None
) -> None:
    params = {} if events is None else {"status_callback_event": events}
    async with telephone("uas_ring_then_answer", seconds=0.1) as phone:
        made = await create(dev, phone, status_callback=dev.app.callback("/status"), **params)
        await phone.hung_up()
    await dev.over(made.sid)
    (told,) = await dev.events(1)
    assert (told.params["CallStatus"], told.params["SequenceNumber"]) == ("completed", "3")


@pytest.mark.parametrize(
    ("code", "status"),
    [(486, "busy"), (603, "busy"), (404, "failed"), (480, "no-answer"), (503, "failed")],
)
async def test_refused_calls_and_their_status(dev: Developer, code: int, status: str) -> None:
    async with telephone("uas_reject", code=code) as phone:
        made = await create(
            dev,
            phone,
            url=dev.app.url("/never"),
            status_callback=dev.app.callback("/status"),
            status_callback_event=ALL,
        )
        await phone.hung_up()
    ended = await dev.over(made.sid)
    assert (ended.status, ended.start_time, ended.duration) == (status, None, "0")
    assert ended.end_time is not None
    told = [one.params for one in await dev.events(2)]
    assert [one["CallStatus"] for one in told] == ["initiated", status]
    assert told[1]["SipResponseCode"] == str(code)
    assert (told[1]["CallDuration"], told[1]["Duration"]) == ("0", "0")
    assert not dev.app.received("/never")


async def test_nobody_listens_is_failed(dev: Developer) -> None:
    """No answer to the INVITE at all, refused by the network: a failure, told at once."""
    async with telephone() as phone:
        port = phone.sipp.port
    made = await dev.rest(
        dev.client.calls.create,
        to=f"sip:bob@127.0.0.1:{port};transport=tcp",
        from_="+15550100",
        twiml="<Response/>",
    )
    assert (await dev.over(made.sid)).status == "failed"


async def test_ring_time_over_is_no_answer(dev: Developer) -> None:
    """`Timeout` and Twilio's five seconds more, then CANCEL."""
    async with telephone("uas_noanswer") as phone:
        made = await create(dev, phone, timeout=1, status_callback=dev.app.callback("/status"))
        await phone.hung_up()
    assert [m.method for m in phone.sipp.messages if m.status is None][:2] == ["INVITE", "CANCEL"]
    ended = await dev.over(made.sid)
    assert (ended.status, ended.duration) == ("no-answer", "0")
    (told,) = await dev.events(1)
    assert (told.params["CallStatus"], told.params["SipResponseCode"]) == ("no-answer", "487")


@pytest.mark.parametrize("status", ["canceled", "completed"])
async def test_ringing_call_is_ended_by_rest(dev: Developer, status: str) -> None:
    """The answer is the final record, and the telephone stops ringing."""
    async with telephone("uas_noanswer") as phone:
        made = await create(
            dev, phone, status_callback=dev.app.callback("/status"), status_callback_event=ALL
        )
        await dev.call_in(made.sid, "ringing")
        assert await dev.refusal(made.update, twiml="<Response/>") == (400, 21220)
        ended = await dev.rest(made.update, status=status)
        assert (ended.status, ended.start_time) == (status, None)
        await phone.hung_up()
    assert (await dev.call(made.sid)).status == status
    told = [one.params for one in await dev.events(3)]
    assert [one["CallStatus"] for one in told] == ["initiated", "ringing", status]
    assert [one["SequenceNumber"] for one in told] == ["0", "1", "2"]
    assert told[2]["SipResponseCode"] == "487"


async def test_send_digits_after_the_answer_before_the_document(dev: Developer) -> None:
    async with telephone() as phone:
        made = await create(
            dev, phone, twiml=f"<Response><Play>{jingle(dev)}</Play></Response>", send_digits="w12#"
        )
        await phone.answered()
        await phone.hung_up()
    events = [p for p in phone.probe.received if p.payload_type == 101]
    by_time = dict.fromkeys((p.timestamp, p.payload[0]) for p in events)
    assert [key for _, key in by_time] == [1, 2, 11]
    assert phone.probe.heard(CODES)
    last_key = max(p.sequence for p in events)
    first = next(p for p in phone.probe.received if p.payload == CODES[:160])
    assert first.sequence > last_key
    assert (await dev.over(made.sid)).status == "completed"


async def test_caller_id_is_shown_to_the_callee(dev: Developer) -> None:
    async with telephone() as phone:
        made = await create(dev, phone, caller_id="+15550177")
        await phone.hung_up()
    invite = next(m for m in phone.sipp.messages if m.method == "INVITE")
    assert "+15550177" in invite.header("From")
    assert (await dev.call(made.sid))._from == "+15550100"


@pytest.mark.parametrize(
    ("from_", "user"),
    [
        ("client:alice", "alice"),
        ("sip:bob@example.com;tag=1", "bob"),
        ("Support", "Support"),
        ("anonymous", "anonymous"),
        ("+1 (555) 010-0199", "+15550100199"),
    ],
)
async def test_every_form_of_from_is_the_user_of_the_from_header(
    dev: Developer, from_: str, user: str
) -> None:
    async with telephone() as phone:
        await create(dev, phone, from_=from_)
        await phone.hung_up()
    invite = next(m for m in phone.sipp.messages if m.method == "INVITE")
    assert f"<sip:{user}@" in invite.header("From")


async def test_a_parameter_that_is_not_supported_is_said_to_be_ignored(dev: Developer) -> None:
    async with telephone() as phone:
        made = await create(dev, phone, call_reason="none")
        await phone.hung_up()
    assert "CallReason" in await dev.logged("not supported", made.sid)


async def test_callee_who_hangs_up_completes_the_call(dev: Developer) -> None:
    async with telephone("uas_answer_bye", seconds=0.3) as phone:
        made = await create(
            dev,
            phone,
            twiml='<Response><Pause length="60"/></Response>',
            status_callback=dev.app.callback("/status"),
        )
        await phone.hung_up()
    assert (await dev.over(made.sid)).status == "completed"
    assert (await dev.events(1))[0].params["CallDuration"] == "1"


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
async def test_callee_hears_in_the_law_it_takes(dev: Developer, law: Any) -> None:
    codes = audio.random_codes(0.2, seed=31, law=law)
    url = dev.files.audio("/a.wav", audio.wav(codes, law))
    async with telephone(law=law) as phone:
        await create(dev, phone, twiml=f"<Response><Play>{url}</Play></Response>")
        await phone.answered()
        await phone.hung_up()
    assert phone.probe.heard(codes)


async def test_what_cannot_be_called_is_refused_by_number(dev: Developer) -> None:
    """Twilio's codes; the node of this test has no outbound route."""
    calls = dev.client.calls
    good = {"to": "sip:bob@127.0.0.1:9", "from_": "+15550100", "twiml": "<Response/>"}
    for change, code in (
        ({"to": "+15551234567"}, 21211),
        ({"to": "nonsense to"}, 21211),
        ({"to": ""}, 21201),
        ({"from_": ""}, 21213),
        ({"twiml": "x" * 4001}, 32018),
        ({"twiml": "", "url": "ftp://x/"}, 21205),
        ({"timeout": 0}, 21208),
        ({"send_digits": "12x"}, 21206),
        ({"method": "PUT", "url": "http://127.0.0.1:9/"}, 21209),
    ):
        assert await dev.refusal(calls.create, **{**good, **change}) == (400, code), change


async def test_fact_17_fact_18_fact_19_calls_are_listed_filtered_and_paged(
    dev: Developer,
) -> None:
    sids = []
    async with telephone("uas_reject", code=486) as phone:
        sids.append((await create(dev, phone, from_="+15550199")).sid)
        await phone.hung_up()
    for _ in range(2):
        async with telephone() as phone:
            sids.append((await create(dev, phone, from_="+15550199")).sid)
            await phone.hung_up()
    for sid in sids:
        await dev.over(sid)
    calls, newest_first = dev.client.calls, sids[::-1]
    mine = await dev.rest(calls.list, from_="+15550199", page_size=2)
    assert [one.sid for one in mine][:3] == newest_first
    done = await dev.rest(calls.list, from_="+15550199", status="completed", limit=2)
    assert [one.sid for one in done] == newest_first[:2]
    busy = await dev.rest(calls.list, from_="+15550199", status="busy")
    assert sids[0] in [one.sid for one in busy]
    to = (await dev.call(sids[2])).to
    assert [one.sid for one in await dev.rest(calls.list, to=to)] == [sids[2]]
    tomorrow = date.today() + timedelta(days=2)  # noqa: DTZ011 - the filter is a plain date
    assert await dev.rest(calls.list, start_time_after=tomorrow) == []
    soon = await dev.rest(calls.list, from_="+15550199", start_time_before=tomorrow)
    assert {one.sid for one in soon} == set(sids[1:])
    page = await dev.rest(calls.page, from_="+15550199", page_size=1)
    following = await dev.rest(page.next_page)
    assert [one.sid for one in page] + [one.sid for one in following] == newest_first[:2]
    assert await dev.refusal(dev.client.calls("CA" + "0" * 32).fetch) == (404, 20404)


async def test_ended_call_can_be_deleted(dev: Developer) -> None:
    async with telephone() as phone:
        made = await create(dev, phone, twiml='<Response><Pause length="60"/></Response>')
        await dev.call_in(made.sid, "in-progress")
        assert await dev.refusal(made.delete) == (409, 20009)
        await dev.rest(made.update, status="completed")
        await phone.hung_up()
    assert await dev.rest(made.delete)
    assert await dev.refusal(made.fetch) == (404, 20404)
