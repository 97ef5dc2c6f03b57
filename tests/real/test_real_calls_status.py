"""Unanswered calls: their last status, its number in the row of events, and SIP's own word.

Twilio: CallStatus, SequenceNumber and SipResponseCode of status callbacks.
"""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.testing.developer import Developer
from ari_app.testing.phone import Phone, telephone

ALL = ["initiated", "ringing", "answered", "completed"]


async def create(dev: Developer, phone: Phone) -> Any:
    """Call a telephone, all events wanted; there is nothing to say to it."""
    return await dev.rest(
        dev.client.calls.create,
        to=f"sip:bob@127.0.0.1:{phone.sipp.port}",
        from_="+15550100",
        twiml="<Response/>",
        status_callback=dev.app.callback("/status"),
        status_callback_event=ALL,
    )


async def told(dev: Developer, count: int) -> list[tuple[str, str]]:
    """Status and number of all that was told, which must be ``count`` callbacks."""
    events = [one.params for one in await dev.events(count)]
    assert ["CallDuration" in one for one in events] == [False] * (count - 1) + [True]
    return [(one["CallStatus"], one["SequenceNumber"]) for one in events]


@pytest.mark.parametrize(("code", "status"), [(486, "busy"), (480, "no-answer"), (500, "failed")])
async def test_fact_22_a_refusal_after_ringing_is_the_third_event(
    dev: Developer, code: int, status: str
) -> None:
    async with telephone("uas_ring_then_reject", seconds=0.2, code=code) as phone:
        made = await create(dev, phone)
        await phone.hung_up()
    ended = await dev.over(made.sid)
    assert (ended.status, ended.start_time, ended.duration) == (status, None, "0")
    assert await told(dev, 3) == [("initiated", "0"), ("ringing", "1"), (status, "2")]
    assert (await dev.events(3))[2].params["SipResponseCode"] == str(code)


async def test_fact_22_a_call_canceled_before_it_rang(dev: Developer) -> None:
    """The record is final at once; CANCEL waits for the telephone's first sign of life."""
    async with telephone("uas_silent", seconds=1.2) as phone:
        made = await create(dev, phone)
        await phone.sipp.wait_for(lambda m: m.method == "INVITE")
        ended = await dev.rest(made.update, status="canceled")
        assert (ended.status, ended.start_time, ended.duration) == ("canceled", None, "0")
        assert all(m.status is None for m in phone.sipp.messages)
        await phone.hung_up()
    assert await told(dev, 2) == [("initiated", "0"), ("canceled", "1")]
    assert (await dev.events(2))[1].params["SipResponseCode"] == "487"
