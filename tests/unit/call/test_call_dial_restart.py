"""A ``<Dial>`` that an earlier process was in the middle of."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.call.outcome import Inline
from ari_app.model import CallRecord, CallStatus, Checkpoint, Direction
from ari_app.testing.call_services import ACCOUNT, NOW, NUMBER, VOICE, CallRoom

PARENT, CALLER = "CA" + "7" * 32, "in-old"
CHILD = "CA" + "8" * 32
DIAL = '<Response><Dial action="http://app.test/after">111</Dial></Response>'


def record(**changes: Any) -> CallRecord:
    """A call of this node that was answered."""
    fields: dict[str, Any] = {
        "sid": PARENT,
        "account_sid": ACCOUNT.sid,
        "direction": Direction.INBOUND,
        "from_": "+15550199",
        "to": NUMBER.phone_number,
        "status": CallStatus.IN_PROGRESS,
        "voice": VOICE,
        "node": "n1",
        "channel_id": CALLER,
        "time_limit": 10**9,
        "date_created": NOW,
        "date_updated": NOW,
        "start_time": NOW,
    }
    return CallRecord(**(fields | changes))


def leave(room: CallRoom, *channels: str, bridged: bool = True, **changes: Any) -> None:
    """Parent and child as an earlier process left them, both bridged; ``channels`` are alive."""
    room.asterisk.outcome = "manual"
    room.asterisk.auto_finish = False
    room.customer.documents["http://app.test/after"] = "<Hangup/>"
    world = room.asterisk.world
    for channel in channels:
        world.new_channel(channel, state="Up")
        world.in_stasis.add(channel)
    child = {
        "sid": CHILD,
        "channel_id": CHILD,
        "parent_call_sid": PARENT,
        "direction": Direction.OUTBOUND_DIAL,
    }
    room.calls.records = {PARENT: record(), CHILD: record(**(child | changes))}
    room.calls.places[PARENT] = Checkpoint(url=VOICE.url, document=DIAL, verb=0)
    if bridged:
        world.bridges[f"{CHILD}-dial"] = {
            "id": f"{CHILD}-dial",
            "technology": "simple_bridge",
            "bridge_type": "mixing",
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": "",
            "channels": list(channels),
            "creationtime": "2026-01-31T12:00:00.000+0000",
        }


async def over(room: CallRoom) -> None:
    """Wait until both have ended and nothing is left of them."""
    await room.news.until(lambda: all(r.status.final for r in room.calls.records.values()))
    await room.manager.drain(10)
    room.assert_nothing_left()


async def test_both_go_on_talking_until_the_callee_hangs_up(unconnected: CallRoom) -> None:
    room = unconnected
    leave(room, CALLER, CHILD)
    await room.connect()
    await room.news.until(lambda: room.manager.active == 2)
    assert set(room.asterisk.world.bridges) == {f"{CHILD}-dial"}
    await room.asterisk.hang_up(CHILD)
    await room.news.until(lambda: bool(room.customer.asked))
    ((url, params),) = room.customer.asked
    assert (url, params["DialCallStatus"]) == ("http://app.test/after", "completed")
    assert (params["DialCallSid"], params["DialBridged"]) == (CHILD, "true")
    await over(room)
    assert not room.asterisk.requested("POST", "/channels/CA.*")
    assert not room.asterisk.requested("POST", "/bridges/.*")


async def test_a_child_that_was_not_joined_is_hung_up_and_dialled_anew(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave(room, CALLER, CHILD, bridged=False, start_time=None, status=CallStatus.RINGING)
    await room.connect()
    await room.news.until(lambda: room.calls.records[CHILD].status.final)
    assert room.calls.records[CHILD].status is CallStatus.FAILED
    dialled = await room.asterisk.wait_request("POST", "/channels/CA[^/]*/dial")
    await room.asterisk.hang_up(dialled.path.split("/")[2], 17, 486)
    await over(room)


async def test_a_child_whose_parent_has_gone_is_hung_up(unconnected: CallRoom) -> None:
    room = unconnected
    leave(room, CHILD)
    room.asterisk.world.new_channel("other", state="Up")
    room.asterisk.world.bridges[f"{CHILD}-dial"]["channels"].append("other")
    await room.connect()
    await room.asterisk.wait_request("DELETE", "/bridges/.*")
    await room.asterisk.hang_up("other")
    await over(room)
    assert not room.customer.asked


async def test_a_child_that_hung_up_meanwhile_is_not_called_again(unconnected: CallRoom) -> None:
    room = unconnected
    leave(room, CALLER)
    await room.connect()
    await room.asterisk.wait_request("DELETE", "/bridges/.*")
    await over(room)
    ((_, params),) = room.customer.asked
    assert (params["DialCallStatus"], params["DialCallSid"]) == ("completed", CHILD)
    assert not room.asterisk.requested("POST", "/channels/CA.*")


@pytest.mark.parametrize("sid", [PARENT, CHILD])
async def test_either_is_updated_by_rest_after_the_restart(unconnected: CallRoom, sid: str) -> None:
    room = unconnected
    leave(room, CALLER, CHILD)
    await room.connect()
    await room.news.until(lambda: room.manager.active == 2)
    twiml = "<Response><Say>new</Say></Response>"
    room.asterisk.auto_finish = True
    await room.manager.redirect(ACCOUNT.sid, sid, Inline(twiml))
    await over(room)
    assert room.sounds.said == ["new"]
