"""``<Refer>``: the channel goes into the dialplan for its REFER and comes back with the outcome."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.call.outcome import Inline
from ari_app.model import CallStatus
from ari_app.testing.call_services import ACCOUNT, CallRoom

AFTER = "http://app.test/after"
REFER = f'<Refer action="{AFTER}"><Sip>sip:carol@192.0.2.9?X-A=b</Sip></Refer>'


async def referred(room: CallRoom, document: str = REFER) -> str:
    """A caller whose REFER is under way; the channel's id."""
    room.customer.documents[AFTER] = "<Hangup/>"
    caller = await room.call(document)
    await room.asterisk.wait_request("POST", f"/channels/{caller}/continue")
    channel = dict(room.asterisk.world.channels[caller])
    room.asterisk.world.in_stasis.discard(caller)
    await room.asterisk.emit({"type": "StasisEnd", "channel": channel})
    return caller


@pytest.mark.parametrize(
    ("back", "told"),
    [
        (("SUCCESS", "0"), ("in-progress", "202", "200")),
        (("FAILURE", "486"), ("busy", "202", "486")),
        (("FAILURE", "480"), ("no-answer", "202", "480")),
        (("FAILURE", "405"), ("failed", "405", None)),
    ],
)
async def test_the_action_is_told_how_it_went(
    room: CallRoom, back: tuple[str, str], told: tuple[str, str, str | None]
) -> None:
    caller = await referred(room)
    (variable,) = room.asterisk.requested("POST", f"/channels/{caller}/variable")
    assert variable.query["value"] == "<sip:carol@192.0.2.9?X-A=b>"
    await room.asterisk.start_stasis(caller, ["refer", *back])
    await room.ended()
    ((_, _), (url, params)) = room.customer.asked
    assert url == AFTER
    assert told == (
        params["ReferCallStatus"],
        params["ReferSipResponseCode"],
        params.get("NotifySipResponseCode"),
    )
    room.assert_nothing_left()


async def test_a_leg_that_is_not_sip_is_13801_and_the_next_verb_runs(room: CallRoom) -> None:
    caller = await referred(room, REFER + "<Say>next</Say>")
    await room.asterisk.start_stasis(caller, ["refer", "UNSUPPORTED", ""])
    await room.ended()
    assert room.notifications.codes == [13801]
    assert room.sounds.said == ["next"]


@pytest.mark.parametrize("uri", ["carol", "sip:carol@192.0.2.9?X-A=&gt;b", "sip:a@b&lt;c"])
async def test_an_address_that_cannot_be_sent_is_13243(room: CallRoom, uri: str) -> None:
    await room.call(f"<Refer><Sip>{uri}</Sip></Refer>")
    await room.ended()
    assert room.notifications.codes == [13243]
    assert not room.asterisk.requested("POST", ".*/continue")


async def test_a_caller_who_hangs_up_meanwhile_ends_the_call(room: CallRoom) -> None:
    caller = await referred(room)
    await room.asterisk.hang_up(caller)
    assert (await room.ended()).status is CallStatus.COMPLETED
    room.assert_nothing_left()


async def test_a_call_is_ended_by_rest_meanwhile(room: CallRoom) -> None:
    await referred(room)
    ended = await room.manager.end(ACCOUNT.sid, room.calls.only.sid, CallStatus.COMPLETED)
    assert ended.status is CallStatus.COMPLETED
    room.assert_nothing_left()


async def test_a_live_update_meanwhile_ends_the_call_rather_than_hang(room: CallRoom) -> None:
    """The channel is in the dialplan: nothing can be played to it until it is back."""
    await referred(room)
    sid = room.calls.only.sid
    await room.manager.redirect(ACCOUNT.sid, sid, Inline("<Response><Say>new</Say></Response>"))
    async with asyncio.timeout(10):
        await room.ended()
    assert room.notifications.codes == [12400]
    room.assert_nothing_left()
