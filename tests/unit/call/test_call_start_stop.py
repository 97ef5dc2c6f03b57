"""<Start>, <Stop> and their streams on a fake Asterisk (Twilio: TwiML Start, Stop, Stream)."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.call.outcome import Inline
from ari_app.call.ports import StreamEnd
from ari_app.testing.call_services import ACCOUNT, CallRoom

STREAM = "http://app.test/stream"


def start(inner: str = "", **attributes: str) -> str:
    given = {"url": "wss://bot.test/a", "statusCallback": STREAM} | attributes
    text = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<Start><Stream {text}>{inner}</Stream></Start>"


async def opened(room: CallRoom, count: int = 1) -> None:
    await room.news.until(lambda: len(room.streams.opened) >= count)


async def test_a_stream_runs_beside_the_verbs_until_the_call_ends(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    inner = '<Parameter name="k" value="v"/>'
    channel = await room.call(
        start(inner, name="mine", track="both_tracks"), "<Play>http://app.test/a.wav</Play>"
    )
    await opened(room)
    await room.asterisk.wait_request("POST", f"/channels/{channel}/play/.*")
    (request,) = room.streams.requests
    assert [source.track for source in request.sources] == ["inbound", "outbound"]
    assert (request.name, request.parameters) == ("mine", {"k": "v"})
    assert request.headers == {"X-Twilio-Signature": "signed"}
    await room.asterisk.hang_up(channel)
    await room.ended()
    assert room.customer.stream_events == ["stream-started", "stream-stopped"]
    assert {p["StreamName"] for _, p in room.customer.told if "StreamName" in p} == {"mine"}
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_start_alone_ends_the_call(room: CallRoom) -> None:
    """§1.14: if nothing follows, the call ends."""
    await room.call(start())
    await room.ended()
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_stop_ends_the_named_stream_only(room: CallRoom) -> None:
    await room.call(
        start(name="one"),
        start(name="two"),
        "<Pause length='1'/>",
        '<Stop><Stream name="one"/></Stop>',
        "<Pause length='60'/>",
    )
    await opened(room, 2)
    one, two = room.streams.opened
    await room.reached(4)
    assert one.over
    assert not two.over
    await room.manager.redirect(
        ACCOUNT.sid, room.calls.only.sid, Inline("<Response><Hangup/></Response>")
    )
    await room.ended()
    assert two.over
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_a_stream_survives_a_live_update(room: CallRoom) -> None:
    channel = await room.call(start(), "<Pause length='60'/>")
    await opened(room)
    update = "<Response><Pause length='60'/></Response>"
    await room.manager.redirect(ACCOUNT.sid, room.calls.only.sid, Inline(update))
    assert not room.streams.opened[0].over
    await room.asterisk.hang_up(channel)
    await room.ended()
    room.assert_nothing_left()


async def test_a_bot_that_closes_ends_its_stream_and_not_the_call(room: CallRoom) -> None:
    channel = await room.call(start(name="n"), "<Pause length='60'/>")
    await opened(room)
    room.streams.opened[0].end(StreamEnd("error", 31921, "closed with 1011"))
    await room.news.until(lambda: "stream-error" in room.customer.stream_events)
    await room.news.until(lambda: room.notifications.codes == [31921])
    assert not room.calls.only.status.final
    await room.asterisk.hang_up(channel)
    await room.ended()
    room.assert_nothing_left()


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"url": "https://bot.test/"}, 31922),
        ({"url": "wss://"}, 31923),
        ({"track": "sideways_track"}, 31941),
        ({"connectorName": "x"}, 31940),
    ],
)
async def test_what_cannot_be_started_is_told_and_skipped(
    room: CallRoom, attributes: dict[str, str], code: int
) -> None:
    await room.call(start(**attributes), "<Say>on</Say>")
    await room.ended()
    assert room.notifications.codes == [code]
    assert room.sounds.said == ["on"]
    assert room.streams.requests == []


async def test_four_tracks_are_the_most(room: CallRoom) -> None:
    """§5.4: up to 4 tracks in total."""
    both = {"track": "both_tracks"}
    await room.call(start(**both), start(), start(**both), start(), start(), "<Pause length='60'/>")
    await opened(room, 3)
    await room.reached(5)
    await room.news.until(lambda: room.notifications.codes == [31960, 31960])
    assert sorted(len(request.sources) for request in room.streams.requests) == [1, 1, 2]
    await room.asterisk.hang_up("in-1")
    await room.ended()
    room.assert_nothing_left()


async def test_a_name_is_one_streams_at_a_time(room: CallRoom) -> None:
    await room.call(start(name="n"), start(name="n"), '<Stop><Stream name="x"/></Stop>')
    await room.ended()
    assert room.notifications.codes == [31900, 12200]


async def test_a_noun_that_nothing_runs_is_told(room: CallRoom) -> None:
    await room.call("<Start><Siprec/></Start>", "<Say>on</Say>")
    await room.ended()
    assert room.notifications.codes == [13750]
    assert room.sounds.said == ["on"]


async def test_no_worker_is_a_stream_error_and_no_more(room: CallRoom) -> None:
    room.streams.none_lives = True
    await room.call(start(), "<Pause length='1'/>", "<Say>on</Say>")
    await room.ended()
    assert room.notifications.codes == [31900]
    assert room.customer.stream_events == ["stream-error"]
    assert room.sounds.said == ["on"]
    room.assert_nothing_left()


async def test_a_caller_who_leaves_while_it_is_set_up(room: CallRoom) -> None:
    stalled = room.asterisk.stall("POST", r"/channels/externalMedia")
    channel = await room.call(start(), "<Pause length='60'/>")
    async with asyncio.timeout(10):
        await stalled.hit.wait()
    await room.asterisk.hang_up(channel)
    assert stalled.release is not None
    stalled.release.set()
    await room.ended()
    assert room.notifications.codes == []
    room.assert_nothing_left()
