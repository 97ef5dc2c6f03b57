"""What a new process makes of the calls, channels and streams that an earlier one has left."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.call.sweep import SETTLE_SECONDS
from ari_app.errors import StoreUnavailable
from ari_app.model import CallRecord, CallStatus, Checkpoint, Direction, StatusCallback
from ari_app.testing.call_services import ACCOUNT, EVENTS, NOW, NUMBER, VOICE, CallRoom

SID = "CA" + "7" * 32
STREAM = "MZ" + "7" * 32
CHANNEL = "in-old"
CONNECT = (
    '<Response><Say>one</Say><Connect><Stream url="wss://bot.test/" '
    'statusCallback="http://app.test/stream"/></Connect><Say>after</Say></Response>'
)


def record(**changes: Any) -> CallRecord:
    """An answered inbound call of this node."""
    fields: dict[str, Any] = {
        "sid": SID,
        "account_sid": ACCOUNT.sid,
        "direction": Direction.INBOUND,
        "from_": "+15550199",
        "to": NUMBER.phone_number,
        "status": CallStatus.IN_PROGRESS,
        "voice": VOICE,
        "status_callback": EVENTS,
        "node": "n1",
        "channel_id": CHANNEL,
        # The limit counts from the answer; this one is not to be reached.
        "time_limit": 10**9,
        "date_created": NOW,
        "date_updated": NOW,
        "start_time": NOW,
        "events_told": 1,
    }
    return CallRecord(**(fields | changes))


def leave_channel(room: CallRoom, channel_id: str = CHANNEL, state: str = "Up") -> None:
    """A channel in our application that an earlier process had."""
    room.asterisk.world.new_channel(channel_id, state=state)
    room.asterisk.world.in_stasis.add(channel_id)


def leave_call(room: CallRoom, document: str = "", verb: int = 0, **changes: Any) -> None:
    """A record and, with ``document``, the place the call had reached."""
    left = record(**changes)
    room.calls.records[left.sid] = left
    if document:
        room.calls.places[left.sid] = Checkpoint(url=VOICE.url, document=document, verb=verb)


async def leave_stream(room: CallRoom, sid: str = STREAM) -> None:
    """An externalMedia channel, bridged with the call's channel, and its stream in the worker."""
    world = room.asterisk.world
    world.new_channel(f"{sid}-media", state="Up")
    world.in_stasis.add(f"{sid}-media")
    world.bridges[f"{sid}-bridge"] = {
        "id": f"{sid}-bridge",
        "technology": "simple_bridge",
        "bridge_type": "mixing",
        "bridge_class": "stasis",
        "creator": "Stasis",
        "name": f"{sid}-bridge",
        "channels": [c for c in (CHANNEL, f"{sid}-media") if c in world.channels],
        "creationtime": "2026-01-31T12:00:00.000+0000",
    }
    room.streams.living.append(sid)


async def test_a_call_goes_on_at_its_checkpoint(unconnected: CallRoom) -> None:
    room = unconnected
    leave_channel(room)
    leave_call(room, "<Response><Say>one</Say><Say>two</Say></Response>", verb=1)
    await room.connect()
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.sounds.said == ["two"]
    assert room.customer.asked == []
    assert [params["SequenceNumber"] for _, params in room.customer.told] == ["1"]
    room.assert_nothing_left()


async def test_what_the_channel_still_plays_is_stopped_before_its_verb_runs_again(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    left = f"{CHANNEL}-play-3"
    room.asterisk.world.playbacks[left] = {
        "id": left,
        "media_uri": "sound:/media/old",
        "target_uri": f"channel:{CHANNEL}",
        "language": "en",
        "state": "playing",
    }
    leave_call(room, "<Response><Say>again</Say></Response>")
    await room.connect()
    await room.ended()
    stopped = room.asterisk.requests.index(room.asterisk.requested("DELETE", f".*{left}")[0])
    played = room.asterisk.requests.index(room.asterisk.requested("POST", ".*/play/.*")[0])
    assert stopped < played
    assert room.sounds.said == ["again"]
    room.assert_nothing_left()


async def test_a_call_without_a_checkpoint_asks_for_its_document(unconnected: CallRoom) -> None:
    room = unconnected
    room.customer.documents[VOICE.url] = "<Say>hello</Say>"
    leave_channel(room, state="Ring")
    leave_call(room, status=CallStatus.RINGING, start_time=None)
    await room.connect()
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.sounds.said == ["hello"]
    assert room.customer.statuses == ["in-progress", "completed"]


async def test_an_answer_that_was_not_written_any_more_is_made_good(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    await leave_stream(room)
    leave_call(room, CONNECT, verb=1, status=CallStatus.RINGING, start_time=None)
    await room.connect()
    await room.news.until(lambda: room.customer.statuses == ["in-progress"])
    assert room.calls.only.start_time is not None


async def test_a_living_stream_goes_on_and_the_next_verb_runs_after_it(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    await leave_stream(room)
    leave_call(room, CONNECT, verb=1)
    await room.connect()
    await room.news.until(lambda: bool(room.streams.opened))
    (stream,) = room.streams.opened
    assert (stream.sid, stream.stops) == (STREAM, 0)
    await room.asterisk.dtmf(CHANNEL, "5")
    await room.news.until(lambda: stream.keys == "5")
    assert not room.asterisk.requested("DELETE", "/(channels|bridges)/.*")
    await stream.stop()
    await room.ended()
    assert room.sounds.said == ["after"]
    assert room.customer.stream_events == ["stream-stopped"]
    room.assert_nothing_left()


async def test_a_new_stream_of_an_adopted_a_law_call_is_a_law(unconnected: CallRoom) -> None:
    room = unconnected
    leave_channel(room)
    room.asterisk.world.variables[CHANNEL, "CHANNEL(audionativeformat)"] = "(alaw)"
    leave_call(room, CONNECT, verb=1)
    await room.connect()
    await room.news.until(lambda: bool(room.streams.requests))
    assert room.streams.requests[0].codec == "alaw"


async def test_a_stream_that_died_meanwhile_is_told_and_the_next_verb_runs(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    await leave_stream(room)
    room.streams.living.clear()
    leave_call(room, CONNECT, verb=1)
    await room.connect()
    await room.ended()
    assert room.customer.stream_events == ["stream-error"]
    assert room.notifications.codes == [31900]
    assert room.sounds.said == ["after"]
    room.assert_nothing_left()


async def test_a_stream_that_no_verb_goes_on_with_is_stopped(unconnected: CallRoom) -> None:
    room = unconnected
    leave_channel(room)
    await leave_stream(room)
    leave_call(room, "<Response><Say>only</Say></Response>", verb=0)
    await room.connect()
    await room.ended()
    assert [stream.sid for stream in room.streams.opened] == [STREAM]
    room.assert_nothing_left()


async def test_a_call_whose_cleanup_fails_ends_all_the_same(unconnected: CallRoom) -> None:
    room = unconnected
    room.streams.trouble = RuntimeError("a fault")
    leave_channel(room)
    await leave_stream(room)
    leave_call(room, "<Response><Say>on</Say><Pause length='60'/></Response>")
    await room.connect()
    await room.reached(1)
    ended = await room.manager.end(ACCOUNT.sid, SID, CallStatus.COMPLETED)
    assert ended.status is CallStatus.COMPLETED
    await room.ended()
    assert room.customer.statuses == ["completed"]
    assert not room.ari.routed(CHANNEL)


async def test_a_stream_whose_call_is_lost_is_stopped(unconnected: CallRoom) -> None:
    room = unconnected
    await leave_stream(room)
    leave_call(room, CONNECT, verb=1)
    await room.connect()
    await room.ended()
    await room.news.until(lambda: bool(room.streams.opened) and room.streams.opened[0].over)
    await room.asterisk.wait_request("DELETE", rf"/bridges/{STREAM}-bridge")
    await room.asterisk.wait_request("DELETE", rf"/channels/{STREAM}-media")


async def test_a_stream_whose_worker_comes_too_late_is_stopped(unconnected: CallRoom) -> None:
    room = unconnected
    leave_channel(room)
    await leave_stream(room)
    room.streams.living.clear()
    leave_call(room, CONNECT, verb=1)
    await room.connect()
    await room.news.until(lambda: room.sounds.said == ["after"])
    room.streams.attach(STREAM)
    await room.news.until(lambda: bool(room.streams.opened) and room.streams.opened[0].over)
    await room.ended()
    room.assert_nothing_left()


async def test_a_stream_whose_worker_comes_before_the_calls_are_known_goes_on(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    await leave_stream(room)
    room.streams.living.clear()
    leave_call(room, CONNECT, verb=1)
    room.calls.down = True
    await room.connect()
    await room.news.until(lambda: room.calls.refused > 0)
    room.streams.attach(STREAM)
    room.calls.down = False
    await room.news.until(lambda: bool(room.streams.opened))
    (stream,) = room.streams.opened
    await room.asterisk.dtmf(CHANNEL, "5")
    await room.news.until(lambda: stream.keys == "5")
    assert stream.stops == 0


@pytest.mark.parametrize("moment", ["away", "later"])
async def test_a_media_channel_that_ended_meanwhile_ends_its_stream(
    unconnected: CallRoom, moment: str
) -> None:
    room = unconnected
    leave_channel(room)
    await leave_stream(room)
    leave_call(room, CONNECT, verb=1)
    if moment == "away":
        del room.asterisk.world.channels[f"{STREAM}-media"]
        room.asterisk.world.bridges[f"{STREAM}-bridge"]["channels"] = [CHANNEL]
    await room.connect()
    if moment == "later":
        await room.news.until(lambda: bool(room.streams.opened))
        await room.asterisk.hang_up(f"{STREAM}-media")
    await room.ended()
    assert room.notifications.codes == [31900]
    assert room.sounds.said == ["after"]
    room.assert_nothing_left()


@pytest.mark.parametrize("told", [2, 3])
async def test_fact_22_a_new_process_goes_on_counting_events(
    unconnected: CallRoom, told: int
) -> None:
    """An outbound call that rang has told three, one that did not, two."""
    room = unconnected
    leave_call(room, CONNECT, verb=1, direction=Direction.OUTBOUND_API, events_told=told)
    await room.connect()
    await room.ended()
    await room.news.until(lambda: bool(room.customer.told))
    assert [params["SequenceNumber"] for _, params in room.customer.told] == [str(told)]


async def test_a_call_whose_channel_is_gone_ends_with_its_callback(unconnected: CallRoom) -> None:
    room = unconnected
    leave_call(room, CONNECT, verb=1)
    await room.connect()
    assert (await room.ended()).status is CallStatus.COMPLETED
    await room.news.until(lambda: room.customer.statuses == ["completed"])


async def test_a_channel_that_goes_while_it_is_adopted_ends_its_call(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    leave_call(room, CONNECT, verb=1)
    room.asterisk.refuse("GET", rf"/channels/{CHANNEL}", 404)
    await room.connect()
    assert (await room.ended()).status is CallStatus.COMPLETED
    await room.asterisk.wait_request("DELETE", rf"/channels/{CHANNEL}")
    room.assert_nothing_left()


async def test_an_outbound_call_that_still_rang_is_hung_up_and_failed(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    room.asterisk.world.new_channel(SID, state="Ringing")
    leave_call(
        room,
        direction=Direction.OUTBOUND_API,
        channel_id=SID,
        status=CallStatus.RINGING,
        start_time=None,
    )
    await room.connect()
    assert (await room.ended()).status is CallStatus.FAILED
    assert room.customer.statuses == ["failed"]
    room.assert_nothing_left()


async def test_one_call_that_cannot_be_adopted_does_not_cost_the_others(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    for number in range(3):
        leave_channel(room, f"in-{number}-old")
        document = "<Response><Say>on</Say></Response>"
        leave_call(room, document, sid=f"CA{number:032}", channel_id=f"in-{number}-old")
    room.asterisk.refuse("GET", "/channels/in-1-old/variable", 500)
    await room.connect()
    await room.news.until(lambda: all(r.status.final for r in room.calls.records.values()))
    assert room.sounds.said == ["on", "on"]


async def test_a_hiccup_of_the_store_at_one_call_does_not_cost_those_looked_at_before(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    other = "AC" + "9" * 32
    leave_channel(room)
    leave_call(room, "<Response><Say>on</Say></Response>")
    leave_call(room, sid="CA" + "8" * 32, channel_id="in-8", account_sid=other)
    room.platform.hiccups[other] = StoreUnavailable("away")
    await room.connect()
    await room.news.until(lambda: all(r.status.final for r in room.calls.records.values()))
    assert not room.platform.hiccups
    assert room.sounds.said == ["on"]
    room.assert_nothing_left()


async def test_a_call_that_asterisk_does_not_answer_for_is_asked_for_again(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    leave_call(room, "<Response><Say>on</Say></Response>")
    room.asterisk.refuse("GET", rf"/channels/{CHANNEL}", 503)
    await room.connect()
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.sounds.said == ["on"]
    room.assert_nothing_left()


async def test_calls_are_looked_for_anew_when_asterisk_was_lost_during_the_look(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    leave_call(room, "<Response><Say>on</Say></Response>")
    stall = room.asterisk.stall("GET", rf"/channels/{CHANNEL}")
    await room.connect()
    await stall.hit.wait()
    await room.asterisk.drop_events()
    await room.asterisk.wait_connected(2)
    assert stall.release is not None
    stall.release.set()
    await room.ended()
    assert len(room.asterisk.requested("GET", rf"/channels/{CHANNEL}")) == 2
    assert room.sounds.said == ["on"]
    room.assert_nothing_left()


async def test_nothing_is_hung_up_before_the_store_says_whose_it_is(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room)
    leave_call(room, "<Response><Say>two</Say></Response>")
    room.calls.down = True
    await room.connect()
    await room.news.until(lambda: room.calls.refused >= 2)
    assert not room.asterisk.requested("DELETE")
    room.calls.down = False
    await room.ended()
    assert room.sounds.said == ["two"]


async def test_calls_of_this_very_process_are_not_taken_for_left_ones(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    room.customer.documents[VOICE.url] = "<Play digits='1'/><Pause length='60'/>"
    stall = room.asterisk.stall("GET", "/bridges")
    await room.connect()
    await stall.hit.wait()
    await room.asterisk.incoming_call(NUMBER.phone_number)
    await room.news.until(lambda: "in-progress" in room.customer.statuses)
    assert stall.release is not None
    stall.release.set()
    fresh = room.calls.only.sid
    leave_call(room, sid=SID)  # an old one: settled, which shows that the look is over
    await room.news.until(lambda: room.calls.records[SID].status.final)
    assert room.calls.records[fresh].status is CallStatus.IN_PROGRESS
    assert len(room.customer.asked) == 1


async def test_orphans_are_swept_and_other_applications_left_alone(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    leave_channel(room, "orphan")
    leave_channel(room, "foreign")
    room.asterisk.world.channels["foreign"]["dialplan"]["app_data"] = "other"
    await leave_stream(room)
    await room.connect()
    await room.asterisk.wait_request("DELETE", "/channels/orphan")
    await room.asterisk.wait_request("DELETE", f"/channels/{STREAM}-media")
    await room.asterisk.wait_request("DELETE", f"/bridges/{STREAM}-bridge")
    assert set(room.asterisk.world.channels) == {"foreign"}


async def test_a_fresh_call_is_not_swept_with_the_orphans(unconnected: CallRoom) -> None:
    room = unconnected
    room.customer.documents[VOICE.url] = "<Play digits='1'/><Pause length='60'/>"
    leave_channel(room, "orphan")
    # In the snapshot already, though its StasisStart is still on its way.
    room.asterisk.hold("in-1")
    await room.asterisk.incoming_call(NUMBER.phone_number)
    await room.connect()
    await room.asterisk.wait_request("GET", "/bridges")
    await room.asterisk.release("in-1")
    await room.asterisk.wait_request("DELETE", "/channels/orphan")
    assert SETTLE_SECONDS > 0
    assert set(room.asterisk.world.channels) == {"in-1"}


async def test_b_24_calls_that_vanished_with_asterisk_end_and_the_next_one_works(
    room: CallRoom,
) -> None:
    await room.call("<Play digits='1'/><Pause length='60'/>")
    await room.news.until(lambda: "in-progress" in room.customer.statuses)
    await room.asterisk.restart()
    await room.asterisk.wait_connected(2)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.customer.statuses == ["in-progress", "completed"]


@pytest.mark.parametrize("told", [True, False])
async def test_an_unknown_account_ends_its_call(unconnected: CallRoom, told: bool) -> None:
    room = unconnected
    leave_channel(room)
    callback = StatusCallback(url="http://app.test/status") if told else None
    leave_call(room, account_sid="AC" + "9" * 32, status_callback=callback)
    await room.connect()
    assert (await room.ended()).status is CallStatus.COMPLETED
    room.assert_nothing_left()
