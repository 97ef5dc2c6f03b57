"""Bridges of our own: made, filled, played to, and destroyed whatever happens."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.ari.errors import AriError
from ari_app.call.bridge import Bridges
from ari_app.call.conference.voice import RoomVoice
from ari_app.errors import TwilioError
from ari_app.testing.call_services import CallRoom

ID = "CA" + "1" * 32 + "-dial"


async def test_channels_of_a_bridge_hear_a_file_and_it_is_destroyed(room: CallRoom) -> None:
    bridges = Bridges()
    async with bridges.mixing(room.ari, ID) as bridge:
        assert bridges.owns(ID)
        assert not bridges.owns("CA" + "2" * 32 + "-dial")
        await bridge.play("/media/welcome")
    assert room.asterisk.requested("POST", f"/bridges/{ID}/play/.*")
    assert not bridges.owns(ID)
    room.assert_nothing_left()


async def test_a_voice_to_all_is_never_away_and_is_heard(room: CallRoom) -> None:
    """Each verb asks first that its leg be here."""
    async with Bridges().mixing(room.ari, ID) as bridge:
        voice = RoomVoice(bridge)
        await voice.absence.recall()
        await voice.play("/media/news")
    assert room.asterisk.requested("POST", f"/bridges/{ID}/play/.*")
    room.assert_nothing_left()


async def test_an_unplayable_file_is_an_error(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    async with Bridges().mixing(room.ari, ID) as bridge:
        playing = asyncio.create_task(bridge.play("/media/broken"))
        await room.asterisk.wait_request("POST", f"/bridges/{ID}/play/.*")
        await room.asterisk.finish_playback(f"{ID}-play-1", "failed")
        with pytest.raises(TwilioError) as told:
            await playing
    assert told.value.code == 13420


async def test_a_cancelled_file_stops_and_the_bridge_goes(room: CallRoom) -> None:
    room.asterisk.auto_finish = False

    async def play() -> None:
        async with Bridges().mixing(room.ari, ID) as bridge:
            await bridge.play("/media/long")

    playing = asyncio.create_task(play())
    await room.asterisk.wait_request("POST", f"/bridges/{ID}/play/.*")
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    room.assert_nothing_left()


async def test_a_bridge_that_cannot_be_made_is_not_owned(room: CallRoom) -> None:
    room.asterisk.refuse("POST", f"/bridges/{ID}", 500)
    bridges = Bridges()
    with pytest.raises(AriError):
        async with bridges.mixing(room.ari, ID):
            pytest.fail("there is no bridge")
    assert not bridges.owns(ID)


async def test_a_bridge_of_an_earlier_process_is_swept_unless_claimed(
    unconnected: CallRoom,
) -> None:
    room = unconnected
    other = "CF" + "2" * 32 + "-conference"
    foreign = "somebody-elses"
    for bridge_id in (ID, other, foreign):
        room.asterisk.world.bridges[bridge_id] = {
            "id": bridge_id,
            "technology": "simple_bridge",
            "bridge_type": "mixing",
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": "",
            "channels": [],
            "creationtime": "2026-01-31T12:00:00.000+0000",
        }
    room.services.bridges.claim(other)
    await room.connect()
    await room.asterisk.wait_request("DELETE", f"/bridges/{ID}")
    async with room.services.bridges.adopted(room.ari, other) as bridge:
        await bridge.play("/media/welcome")
    assert set(room.asterisk.world.bridges) == {foreign}
