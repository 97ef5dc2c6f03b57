"""Conferences on a fake Asterisk: who waits, who is bridged, how they end, what is left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ari_app.call.conference import desk
from ari_app.call.outcome import Inline
from ari_app.errors import TwilioError
from ari_app.model import CallRecord, CallStatus, Checkpoint, ConferenceRecord, Direction
from ari_app.testing.call_services import ACCOUNT, NOW, NUMBER, VOICE, CallRoom, FakeReply

AFTER = "<Say>after</Say>"
CONF = "CF" + "7" * 32
ADD = r"/bridges/CF.*-room/addChannel"


def conference(**attributes: str) -> str:
    said = "".join(f' {key}="{value}"' for key, value in ({"beep": "false"} | attributes).items())
    return f'<Dial action="/done"><Conference{said}>room</Conference></Dial>'


async def caller(room: CallRoom, document: str) -> str:
    """One more caller whose number says ``document``; his channel, once it has been asked for."""
    asked = len([url for url, _ in room.customer.asked if url == VOICE.url])
    channel = await room.call(document)
    await room.news.until(
        lambda: len([url for url, _ in room.customer.asked if url == VOICE.url]) > asked
    )
    return channel


async def joined(room: CallRoom, *channels: str) -> None:
    """Wait until the bridge holds exactly these channels."""
    await room.asterisk.wait_until(lambda: bridged(room) == set(channels))


def bridged(room: CallRoom) -> set[str]:
    rooms = [one for name, one in room.asterisk.world.bridges.items() if name.endswith("-room")]
    return {channel for one in rooms for channel in one["channels"]}


def events(room: CallRoom) -> list[str]:
    told = [params for url, params in room.customer.told if url.endswith("/conf")]
    assert [one["SequenceNumber"] for one in told] == [str(n + 1) for n in range(len(told))]
    return [one["StatusCallbackEvent"] for one in told]


async def all_ended(room: CallRoom, calls: int) -> None:
    await room.news.until(
        lambda: (
            len(room.calls.records) == calls
            and all(record.status.final for record in room.calls.records.values())
        )
    )
    await room.manager.drain(10)
    room.assert_nothing_left()


@pytest.fixture(autouse=True)
def silent(room: CallRoom) -> None:
    """Music plays until it is stopped; what follows a conference ends the call."""
    room.asterisk.auto_finish = False
    room.customer.documents["http://app.test/done"] = "<Hangup/>"


async def test_one_waits_with_music_and_two_talk(room: CallRoom) -> None:
    callback = {"statusCallback": "/conf", "statusCallbackEvent": "start end join leave"}
    first = await caller(room, conference(**callback))
    played = await room.asterisk.wait_request("POST", f"/channels/{first}/play/.*")
    assert played.query["media"] == "sound:/media/music"
    assert bridged(room) == set()
    second = await caller(room, conference())
    await joined(room, first, second)
    assert not room.asterisk.world.playbacks
    await room.asterisk.hang_up(first)
    await joined(room, second)
    await room.asterisk.hang_up(second)
    await all_ended(room, 2)
    assert events(room) == [
        *("participant-join", "participant-join", "conference-start"),
        *("participant-leave", "participant-leave", "conference-end"),
    ]
    left = [
        params.get("ParticipantCallStatus")
        for url, params in room.customer.told
        if params.get("StatusCallbackEvent") == "participant-leave"
    ]
    assert left == ["completed", "completed"]
    assert room.conferences.only.status == "completed"
    assert room.conferences.only.reason_conference_ended == "last-participant-left"
    done = [params for url, params in room.customer.told if url.endswith("/done")]
    assert [one["DialCallStatus"] for one in done] == ["answered", "answered"]


async def test_the_recording_is_told_under_the_old_name_too(room: CallRoom) -> None:
    said = {"record": "record-from-start", "eventCallbackUrl": "/recorded"}
    first = await caller(room, conference(**said))
    second = await caller(room, conference())
    await joined(room, first, second)
    for channel in (first, second):
        await room.asterisk.hang_up(channel)
    await all_ended(room, 2)
    await room.news.until(lambda: any(url.endswith("/recorded") for url, _ in room.customer.told))
    (told,) = [params for url, params in room.customer.told if url.endswith("/recorded")]
    assert (told["RecordingSource"], told["ConferenceSid"]) == (
        "Conference",
        room.conferences.only.sid,
    )


async def test_nobody_starts_it_who_must_not(room: CallRoom) -> None:
    waits = conference(startConferenceOnEnter="false", waitUrl="")
    first, second = await caller(room, waits), await caller(room, waits)
    assert not room.asterisk.requested("POST", ".*/play/.*")
    assert bridged(room) == set()
    third = await caller(room, conference())
    await joined(room, first, second, third)
    for channel in (first, second, third):
        await room.asterisk.hang_up(channel)
    await all_ended(room, 3)


async def test_the_one_who_ends_it_sends_the_others_on(room: CallRoom) -> None:
    host = await caller(room, conference(endConferenceOnExit="true"))
    guest = await caller(room, conference())
    await joined(room, host, guest)
    await room.asterisk.hang_up(host)
    await all_ended(room, 2)
    asked = [params for url, params in room.customer.asked if url.endswith("/done")]
    assert [one["DialCallStatus"] for one in asked] == ["answered"]
    reason = room.conferences.only.reason_conference_ended
    assert reason == "participant-with-end-conference-on-exit-left"


async def test_a_full_room_and_a_label_that_is_taken_refuse(room: CallRoom) -> None:
    first = await caller(room, conference(participantLabel="a"))
    second = await caller(room, conference(maxParticipants="2"))
    await joined(room, first, second)
    await caller(room, conference(maxParticipants="2"))
    await room.news.until(lambda: 16020 in room.notifications.codes)
    await caller(room, conference(participantLabel="a"))
    await room.news.until(lambda: 16025 in room.notifications.codes)
    asked = [params for url, params in room.customer.asked if url.endswith("/done")]
    assert [one["DialCallStatus"] for one in asked] == ["failed", "failed"]
    for channel in (first, second):
        await room.asterisk.hang_up(channel)
    await all_ended(room, 4)


async def test_a_wait_url_that_fails_prevents_the_join(room: CallRoom) -> None:
    room.customer.documents["http://app.test/wait"] = TwilioError(11200, "no")
    await caller(room, conference(waitUrl="/wait"))
    await all_ended(room, 1)
    assert room.notifications.codes == [11200]
    assert not room.conferences.records
    asked = [params for url, params in room.customer.asked if url.endswith("/done")]
    assert [one["DialCallStatus"] for one in asked] == ["failed"]


async def test_wait_audio_is_repeated_and_forbidden_verbs_are_told(room: CallRoom) -> None:
    room.asterisk.auto_finish = True
    wait = "http://app.test/wait"
    room.customer.documents[wait] = FakeReply(wait, b"RIFF", "audio/wav")
    first = await caller(room, conference(waitUrl="/wait"))
    await room.asterisk.wait_until(
        lambda: len(room.asterisk.requested("POST", f"/channels/{first}/play/.*")) > 1
    )
    assert len([url for url, _ in room.customer.asked if url == wait]) == 1
    room.customer.documents[wait] = "<Enqueue>q</Enqueue><Say>wait</Say>"
    second = await caller(room, conference(waitUrl="/wait").replace("room<", "other<"))
    await room.news.until(lambda: 13238 in room.notifications.codes)
    for channel in (first, second):
        await room.asterisk.hang_up(channel)
    await all_ended(room, 2)
    assert room.sounds.said == ["wait"]


@pytest.mark.parametrize("others", [0, 1])
async def test_a_live_update_takes_a_participant_out(room: CallRoom, others: int) -> None:
    channels = [await caller(room, conference()) for _ in range(others + 1)]
    if others:
        await joined(room, *channels)
    else:
        await room.asterisk.wait_request("POST", ".*/play/.*")
    (sid,) = [one.sid for one in room.calls.records.values() if one.channel_id == channels[0]]
    await room.manager.redirect(ACCOUNT.sid, sid, Inline("<Response><Hangup/></Response>"))
    for channel in channels[1:]:
        await room.asterisk.hang_up(channel)
    await all_ended(room, others + 1)


async def test_a_coach_is_with_one_alone_as_long_as_that_one_is_there(room: CallRoom) -> None:
    agent = await caller(room, conference())
    other = await caller(room, conference())
    await joined(room, agent, other)
    (sid,) = [one.sid for one in room.calls.records.values() if one.channel_id == agent]
    coach = await caller(room, conference(coach=sid))
    snoop = await room.asterisk.wait_request("POST", f"/channels/{agent}/snoop/.*-coach-snoop")
    assert (snoop.query["spy"], snoop.query["whisper"]) == ("both", "out")
    added = await room.asterisk.wait_request("POST", "/bridges/.*-coach/addChannel")
    assert added.query["channel"].split(",")[1] == coach
    assert bridged(room) == {agent, other}
    await room.asterisk.hang_up(agent)
    await joined(room, other, coach)
    last = room.asterisk.requested("POST", ADD)[-1]
    assert (last.query["channel"], last.query["mute"]) == (coach, "true")
    await room.news.until(lambda: 16028 in room.notifications.codes)
    for channel in (other, coach):
        await room.asterisk.hang_up(channel)
    await all_ended(room, 3)


async def test_hold_and_mute_leave_nothing_on_the_channel(room: CallRoom) -> None:
    first, second = await caller(room, conference()), await caller(room, conference(muted="true"))
    await joined(room, first, second)
    found = room.services.conferences.named(ACCOUNT.sid, "room")
    assert found is not None
    held, muted = found.participants.values()
    held.hold(True)
    await joined(room, second)
    await room.asterisk.wait_until(lambda: bool(room.asterisk.world.playbacks))
    held.hold(False)
    await joined(room, first, second)
    muted.kick()
    await joined(room, first)
    await room.asterisk.wait_request("DELETE", f"/channels/{second}/mute")
    await room.asterisk.hang_up(first)
    await all_ended(room, 2)


# ---- after a restart


def left_behind(room: CallRoom, *channels: str) -> None:
    """A conference of an earlier process with these channels in its bridge."""
    document = f"<Response>{conference(statusCallback='/conf', statusCallbackEvent='join')}"
    for number, channel in enumerate(channels):
        room.asterisk.world.new_channel(channel, state="Up")
        room.asterisk.world.in_stasis.add(channel)
        sid = f"CA{number:032x}"
        fields = call_fields() | {"sid": sid, "channel_id": channel}
        room.calls.records[sid] = CallRecord(**fields)
        room.calls.places[sid] = Checkpoint(url=VOICE.url, document=f"{document}</Response>")
    room.asterisk.world.bridges[f"{CONF}-room"] = {
        "id": f"{CONF}-room",
        "technology": "simple_bridge",
        "bridge_type": "mixing",
        "bridge_class": "stasis",
        "creator": "Stasis",
        "name": f"{CONF}-room",
        "channels": list(channels),
        "creationtime": "2026-01-31T12:00:00.000+0000",
    }
    room.conferences.records[CONF] = ConferenceRecord(
        sid=CONF,
        account_sid=ACCOUNT.sid,
        friendly_name="room",
        node="n1",
        date_created=NOW,
        date_updated=NOW,
    )


def call_fields() -> dict[str, Any]:
    return {
        "account_sid": ACCOUNT.sid,
        "direction": Direction.INBOUND,
        "from_": "+15550199",
        "to": NUMBER.phone_number,
        "status": CallStatus.IN_PROGRESS,
        "voice": VOICE,
        "node": "n1",
        "time_limit": 10**9,
        "date_created": NOW,
        "date_updated": NOW,
        "start_time": NOW,
    }


async def back_again(room: CallRoom, count: int) -> None:
    """Wait until so many have come back: they ask for nothing that could be waited for."""
    async with asyncio.timeout(10):
        while _back(room) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _back(room: CallRoom) -> int:
    found = room.services.conferences.get(ACCOUNT.sid, CONF)
    return len(found.participants) if found else 0


async def test_after_a_restart_the_same_conference_goes_on(unconnected: CallRoom) -> None:
    room = unconnected
    room.asterisk.auto_finish = False
    room.customer.documents["http://app.test/done"] = "<Hangup/>"
    left_behind(room, "in-a", "in-b")
    await room.connect()
    await back_again(room, 2)
    third = await caller(room, conference())
    await joined(room, "in-a", "in-b", third)
    added = [one.query["channel"] for one in room.asterisk.requested("POST", ADD)]
    assert added == [third]
    for channel in ("in-a", "in-b", third):
        await room.asterisk.hang_up(channel)
    await all_ended(room, 3)
    assert room.conferences.only.sid == CONF
    # Those who were there were told of before.
    assert events(room) == ["participant-join"]


async def test_a_conference_to_which_nobody_comes_back_ends(
    unconnected: CallRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "RETURN_SECONDS", 0.05)
    room = unconnected
    left_behind(room)
    await room.connect()
    await room.asterisk.wait_until(lambda: not room.asterisk.world.bridges)
    assert room.conferences.only.status == "completed"
