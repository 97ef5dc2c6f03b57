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
    await room.asterisk.wait_until(lambda: caller not in room.asterisk.world.in_stasis)
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


async def updated(room: CallRoom) -> None:
    """Give the one call a document that says `new` and ends."""
    sid = room.calls.only.sid
    await room.manager.redirect(ACCOUNT.sid, sid, Inline("<Response><Say>new</Say></Response>"))


async def test_a_live_update_meanwhile_has_the_channel_back(room: CallRoom) -> None:
    """The channel is in the dialplan: nothing could be played to it before."""
    caller = await referred(room)
    await updated(room)
    await room.ended()
    assert room.sounds.said == ["new"]
    assert AFTER not in [url for url, _ in room.customer.asked]
    assert [one["Channel"] for one in room.asterisk.world.monitors.asked[-1:]] == [caller]
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_an_update_as_the_refer_ends_by_itself_counts_once(room: CallRoom) -> None:
    """The channel is coming back when it is called back: its first return is not the last."""
    caller = await referred(room)
    rule = room.asterisk.stall("POST", "/rawman/Redirect")
    update = asyncio.create_task(updated(room))
    await rule.hit.wait()
    await room.asterisk.start_stasis(caller, ["refer", "SUCCESS", "0"])
    assert rule.release is not None
    rule.release.set()
    await update
    await room.ended()
    assert room.sounds.said == ["new"]
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_a_channel_that_cannot_be_had_back_ends_the_call_with_12400(room: CallRoom) -> None:
    await referred(room)
    room.asterisk.refuse("POST", "/rawman/Redirect", 500, times=2)
    await updated(room)
    await room.ended()
    assert room.notifications.codes == [12400, 12400]
    room.assert_nothing_left()


async def test_calling_the_channel_back_is_tried_again_before_the_next_verb(
    room: CallRoom,
) -> None:
    await referred(room)
    room.asterisk.refuse("POST", "/rawman/Redirect", 500)
    await updated(room)
    await room.ended()
    assert room.notifications.codes == [12400]
    assert room.sounds.said == ["new"]
    room.assert_nothing_left()
