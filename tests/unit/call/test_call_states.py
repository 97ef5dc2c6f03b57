"""A call's states and the events told of them, as Twilio's tables have them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ari_app.call import dialing
from ari_app.call.ports import InboundRoute
from ari_app.model import CallStatus, StatusCallback
from ari_app.testing.call_services import ACCOUNT, EVENTS, NUMBER, VOICE, CallRoom


async def dial(room: CallRoom, **options: Any) -> str:
    """Start a call that tells all its events; its SID, which is its channel's id too."""
    record = await room.manager.create(
        ACCOUNT,
        to="+15550111",
        from_="+15550100",
        voice=None,
        twiml="<Response><Say>hi</Say></Response>",
        status_callback=EVENTS,
        **options,
    )
    return record.sid


async def test_fact_22_session_progress_is_ringing(room: CallRoom) -> None:
    """A far end that answers 183 and never 180, as many carriers do."""
    room.asterisk.outcome = "manual"
    sid = await dial(room)
    await room.news.until(lambda: room.customer.statuses == ["initiated"])
    await room.asterisk.progress(sid)
    await room.news.until(lambda: room.calls.only.status is CallStatus.RINGING)
    await room.asterisk.answer(sid)
    await room.ended()
    assert room.customer.statuses == ["initiated", "ringing", "in-progress", "completed"]


async def test_fact_22_an_answer_without_ringing_leaves_no_gap(room: CallRoom) -> None:
    room.asterisk.outcome = "manual"
    sid = await dial(room)
    await room.news.until(lambda: room.customer.statuses == ["initiated"])
    await room.asterisk.answer(sid)
    record = await room.ended()
    numbers = [params["SequenceNumber"] for _, params in room.customer.told]
    assert numbers == ["0", "1", "2"]
    assert record.events_told == 3


async def test_a_number_s_callback_counts_the_end_alone(room: CallRoom) -> None:
    """Nobody can subscribe to the answer of an inbound call: its end is event 0."""
    completed = StatusCallback(url=EVENTS.url)
    room.platform.answer = InboundRoute(ACCOUNT, NUMBER, VOICE, None, completed)
    await room.call("<Say>hi</Say>")
    await room.ended()
    told = [(params["CallStatus"], params["SequenceNumber"]) for _, params in room.customer.told]
    assert told == [("completed", "0")]


async def test_a_call_cancelled_in_the_queue_tells_nothing(room: CallRoom) -> None:
    stall = room.asterisk.stall("POST", r"/channels/CA.*")
    room.asterisk.outcome = "ring"
    sid = await dial(room)
    await stall.hit.wait()
    cancel = asyncio.create_task(room.manager.end(ACCOUNT.sid, sid, CallStatus.CANCELED))
    await asyncio.sleep(0)  # the order is given before the INVITE leaves
    assert stall.release is not None
    stall.release.set()
    assert (await cancel).status is CallStatus.CANCELED
    await room.ended()
    assert room.customer.told == []


async def test_a_call_cancelled_while_it_rings_tells_so(room: CallRoom) -> None:
    room.asterisk.outcome = "ring"
    sid = await dial(room)
    await room.news.until(lambda: "ringing" in room.customer.statuses)
    await room.manager.end(ACCOUNT.sid, sid, CallStatus.CANCELED)
    await room.ended()
    assert room.customer.statuses == ["initiated", "ringing", "canceled"]


async def final(room: CallRoom) -> tuple[str, str]:
    """Wait for the end; CallStatus and SipResponseCode of the last callback."""
    await room.ended()
    _, params = room.customer.told[-1]
    return params["CallStatus"], params["SipResponseCode"]


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        ('<Reject reason="busy"/>', ("busy", "486")),
        ("<Reject/>", ("no-answer", "603")),
        ("<Hangup/>", ("completed", "603")),
    ],
)
async def test_our_refusals_tell_their_sip_code(
    room: CallRoom, verb: str, told: tuple[str, str]
) -> None:
    await room.call(verb)
    assert await final(room) == told


@pytest.mark.parametrize("status", [CallStatus.CANCELED, CallStatus.COMPLETED])
async def test_a_call_ended_while_it_rings_tells_487(room: CallRoom, status: CallStatus) -> None:
    room.asterisk.outcome = "ring"
    sid = await dial(room)
    await room.news.until(lambda: "ringing" in room.customer.statuses)
    await room.manager.end(ACCOUNT.sid, sid, status)
    assert await final(room) == (str(status), "487")


async def test_ring_time_over_tells_487(room: CallRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialing, "GRACE", 0)
    room.asterisk.outcome = "ring"
    await dial(room, ring_seconds=0)
    assert await final(room) == ("no-answer", "487")
