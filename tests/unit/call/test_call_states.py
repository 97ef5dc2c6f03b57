"""A call's states and the events told of them, as Twilio's tables have them."""

from __future__ import annotations

from ari_app.model import CallStatus
from ari_app.testing.call_services import ACCOUNT, EVENTS, CallRoom


async def dial(room: CallRoom, **options: int) -> str:
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
