"""Updates by REST of running calls: what wins, what stays."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.api.ports import UpdateCall
from ari_app.model import CallStatus, Endpoint, StatusCallback
from ari_app.testing.call_services import ACCOUNT, EVENTS, CallRoom
from ari_app.wiring.calls import ApiCalls

OTHER = "http://app.test/other"


async def update(room: CallRoom, **wanted: Any) -> CallStatus:
    """Update the one call; its status as answered."""
    unused: Any = None  # the store is asked about ended calls only
    request, sid = UpdateCall(**wanted), room.calls.only.sid
    return (await ApiCalls(room.manager, unused).update(ACCOUNT, sid, request)).status


async def talking(room: CallRoom) -> None:
    """Bring in a caller and wait until the call is in progress."""
    await room.call("<Play digits='1'/><Pause length='60'/>")
    await room.news.until(lambda: "in-progress" in room.customer.statuses)


@pytest.mark.parametrize(
    "document", [{"twiml": "<Response><Say>no</Say></Response>"}, {"voice": Endpoint(url=OTHER)}]
)
async def test_completed_wins_over_a_document(room: CallRoom, document: dict[str, Any]) -> None:
    await talking(room)
    assert await update(room, status="completed", **document) is CallStatus.COMPLETED
    await room.ended()
    assert room.sounds.said == []
    assert len(room.customer.asked) == 1


async def test_canceled_does_not_keep_a_document_from_an_answered_call(room: CallRoom) -> None:
    await talking(room)
    twiml = "<Response><Say>new</Say></Response>"
    assert await update(room, status="canceled", twiml=twiml) is CallStatus.IN_PROGRESS
    await room.ended()
    assert room.sounds.said == ["new"]


@pytest.mark.parametrize(
    ("before", "events"), [(EVENTS, EVENTS.events), (None, frozenset({"completed"}))]
)
async def test_a_callback_without_events_keeps_those_of_the_call(
    room: CallRoom, before: StatusCallback | None, events: frozenset[str]
) -> None:
    await talking(room)
    room.manager.change(ACCOUNT.sid, room.calls.only.sid, status_callback=before)
    await update(room, status_callback=StatusCallback(url=OTHER, events=frozenset()))
    running = room.manager.get(ACCOUNT.sid, room.calls.only.sid)
    assert running is not None
    assert running.status_callback == StatusCallback(url=OTHER, events=events)


async def test_a_callback_with_events_has_these(room: CallRoom) -> None:
    await talking(room)
    wanted = StatusCallback(url=OTHER, events=frozenset({"answered"}))
    await update(room, status_callback=wanted)
    running = room.manager.get(ACCOUNT.sid, room.calls.only.sid)
    assert running is not None
    assert running.status_callback == wanted
