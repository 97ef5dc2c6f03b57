"""One-way streams of an earlier process: they end, and the call goes on."""

from __future__ import annotations

from datetime import UTC, datetime

from ari_app.model import CallRecord, CallStatus, Checkpoint, Direction
from ari_app.testing.call_services import ACCOUNT, NOW, VOICE, CallRoom

CHANNEL = "left-1"
STREAM = "MZ" + "7" * 32


async def test_taps_left_behind_are_swept_and_their_stream_is_stopped(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    world = room.asterisk.world
    tap = [f"{STREAM}-in-snoop", f"{STREAM}-in-media"]
    for channel in (CHANNEL, *tap):
        world.new_channel(channel, state="Up")
        world.in_stasis.add(channel)
    world.bridges[f"{STREAM}-in-bridge"] = {
        "id": f"{STREAM}-in-bridge",
        "technology": "simple_bridge",
        "bridge_type": "mixing",
        "bridge_class": "stasis",
        "creator": "Stasis",
        "name": f"{STREAM}-in-bridge",
        "channels": list(tap),
        "creationtime": "2026-01-31T12:00:00.000+0000",
    }
    room.streams.living.append(STREAM)
    sid = "CA" + "9" * 32
    room.calls.records[sid] = CallRecord(
        sid=sid,
        account_sid=ACCOUNT.sid,
        direction=Direction.INBOUND,
        from_="+15550001",
        to="+15550100",
        status=CallStatus.IN_PROGRESS,
        node="n1",
        channel_id=CHANNEL,
        date_created=NOW,
        date_updated=NOW,
        start_time=datetime.now(UTC),
        events_told=1,
    )
    room.calls.places[sid] = Checkpoint(
        url=VOICE.url, document="<Response><Pause length='60'/></Response>", verb=0
    )
    await room.connect()
    for channel in tap:
        await room.asterisk.wait_request("DELETE", f"/channels/{channel}")
    await room.asterisk.wait_request("DELETE", f"/bridges/{STREAM}-in-bridge")
    await room.news.until(lambda: [one.over for one in room.streams.opened] == [True])
    assert not room.calls.only.status.final
    await room.asterisk.hang_up(CHANNEL)
    assert (await room.ended()).status is CallStatus.COMPLETED
    room.assert_nothing_left()
