"""``<Echo>``: joined to Asterisk's echo, and nothing of it stays."""

from __future__ import annotations

import pytest

from ari_app.call.outcome import Inline
from ari_app.call.verbs import echo
from ari_app.model import CallStatus
from ari_app.testing.call_services import ACCOUNT, CallRoom


async def echoing(room: CallRoom) -> str:
    channel = await room.call("<Echo/>", "<Say>after</Say>")
    await room.asterisk.wait_request("POST", "/bridges/EC.*/addChannel")
    return channel


async def test_the_caller_is_bridged_with_the_echo_and_keys_are_kept_out(room: CallRoom) -> None:
    channel = await echoing(room)
    (request,) = room.asterisk.requested("POST", "/bridges/EC.*/addChannel")
    (line,) = [name for name in room.asterisk.world.channels if name.endswith("-line")]
    assert request.query["channel"].split(",") == [channel, line]
    assert request.query["absorbDTMF"].lower() == "true"
    await room.asterisk.hang_up(channel)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_a_live_update_ends_the_echo(room: CallRoom) -> None:
    await echoing(room)
    document = Inline("<Response><Say>new</Say></Response>")
    await room.manager.redirect(ACCOUNT.sid, room.calls.only.sid, document)
    await room.ended()
    assert room.sounds.said == ["new"]
    room.assert_nothing_left()


async def test_an_echo_that_does_not_start_is_told(
    room: CallRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(echo, "ENTER_TIMEOUT", 0.1)
    room.asterisk.outcome = "manual"
    await room.call("<Echo/>", "<Say>after</Say>")
    await room.asterisk.wait_request("DELETE", "/channels/EC.*")
    room.asterisk.outcome = "answer"
    await room.ended()
    assert room.notifications.codes == [12400]
    assert room.sounds.said == ["after"]
    room.assert_nothing_left()
