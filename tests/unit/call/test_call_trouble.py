"""Calls while Asterisk, the store or a worker fails, and what is cut at any moment."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.ari.reconcile import Snapshot
from ari_app.call import call as call_module
from ari_app.call.outcome import Fetch, Inline
from ari_app.call.ports import InboundRefusal
from ari_app.model import CallStatus, Endpoint
from ari_app.testing.call_services import ACCOUNT, FALLBACK, NUMBER, VOICE, CallRoom

PLAY = "<Play>http://app.test/a.wav</Play>"
CONNECT = (
    '<Connect><Stream url="wss://bot.test/" statusCallback="http://app.test/stream"/></Connect>'
)
DESTROY = r"/channels/in-1"


async def streaming(room: CallRoom) -> None:
    await room.news.until(lambda: bool(room.streams.opened))


async def playing(room: CallRoom) -> None:
    await room.asterisk.wait_request("POST", r"/channels/in-1/play/.*")


@pytest.mark.parametrize(
    ("what", "cause"),
    [("store", "34"), ("platform", "34"), ("unknown", "1"), ("forbidden", "21")],
)
async def test_a_call_that_cannot_be_taken_is_refused(
    room: CallRoom, what: str, cause: str
) -> None:
    if what == "store":
        room.calls.down = True
    else:
        answers: dict[str, InboundRefusal | Exception] = {
            "platform": RuntimeError("away"),
            "unknown": InboundRefusal(404, "no such number"),
            "forbidden": InboundRefusal(403, "source not allowed"),
        }
        room.platform.answer = answers[what]
    await room.asterisk.incoming_call(NUMBER.phone_number)
    request = await room.asterisk.wait_request("DELETE", DESTROY)
    assert request.query["reason_code"] == cause
    await room.manager.drain(5)
    assert not room.calls.records
    room.assert_nothing_left()


async def test_the_store_away_during_a_call_changes_nothing_for_the_caller(room: CallRoom) -> None:
    await room.call("<Play digits='1'/><Pause length='60'/>")
    await room.news.until(lambda: "in-progress" in room.customer.statuses)
    sid = room.calls.only.sid
    room.calls.down = True
    twiml = Inline("<Response><Say>still here</Say></Response>")
    await room.manager.redirect(ACCOUNT.sid, sid, twiml)
    await room.news.until(lambda: room.sounds.said == ["still here"])
    await room.asterisk.wait_request("DELETE", DESTROY)
    assert room.calls.only.status is CallStatus.IN_PROGRESS
    room.calls.down = False
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.customer.statuses == ["in-progress", "completed"]


async def test_b_29_a_file_that_asterisk_cannot_play_is_told_and_passed_over(
    room: CallRoom,
) -> None:
    room.asterisk.auto_finish = False
    await room.call(PLAY, "<Play digits='1'/>")
    await playing(room)
    await room.asterisk.finish_playback("in-1-play-1", "failed")
    await room.ended()
    assert room.notifications.codes == [13420]


async def test_b_24_a_playback_that_ended_unseen_does_not_hold_the_call(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    await room.call(PLAY)
    await playing(room)
    await room.news.until(lambda: bool(room.asterisk.world.playbacks))
    await room.asterisk.drop_events()
    room.asterisk.world.playbacks.clear()
    await room.asterisk.wait_connected(2)
    assert (await room.ended()).status is CallStatus.COMPLETED


async def test_b_24_a_playback_still_being_asked_for_has_not_ended_unseen(
    room: CallRoom,
) -> None:
    caught_up, started = asyncio.Event(), asyncio.Event()

    async def reconnected(_snapshot: Snapshot) -> None:
        caught_up.set()

    room.asterisk.auto_finish = False
    stall = room.asterisk.stall(*REQUESTS["play"])
    await room.call(PLAY)
    await stall.hit.wait()
    room.ari.on_reconnect(reconnected)
    room.ari.on_event("PlaybackStarted", lambda _event: started.set())
    await room.asterisk.drop_events()
    await caught_up.wait()
    assert stall.release is not None
    stall.release.set()
    await started.wait()
    await room.asterisk.finish_playback("in-1-play-1", "failed")
    await room.ended()
    assert room.notifications.codes == [13420]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://user:secret@files.test/a.wav", 11100),
        ("http://user:secret@a_b.test/a.wav", 11100),
        ("//user:secret@files.test/a.wav", 15004),
        ("http://[user:secret/a.wav", 11100),
    ],
)
async def test_a_url_that_cannot_be_used_is_told_without_its_password(
    room: CallRoom, url: str, code: int
) -> None:
    await room.call("<Play digits='1'/><Pause length='60'/>")
    await room.reached(1)
    twiml = f"<Response><Play>{url}</Play></Response>"
    await room.manager.redirect(ACCOUNT.sid, room.calls.only.sid, Inline(twiml))
    await room.ended()
    (problem,) = room.notifications.kept
    assert problem.error_code == code
    assert "secret" not in f"{problem.message} {problem.request_url}"


REQUESTS = {
    "answer": ("POST", r"/channels/in-1/answer"),
    "play": ("POST", r"/channels/in-1/play/.*"),
    "media": ("POST", r"/channels/externalMedia"),
    "bridge": ("POST", r"/bridges/[^/]*"),
    "add": ("POST", r"/bridges/.*/addChannel"),
}


@pytest.mark.parametrize("status", [404, 409, 422, 500, 503])
@pytest.mark.parametrize("request_name", ["answer", "media", "bridge", "add"])
async def test_a_refused_media_leg_is_a_stream_error_and_the_next_verb_runs(
    room: CallRoom, request_name: str, status: int
) -> None:
    room.asterisk.refuse(*REQUESTS[request_name], status)
    await room.call(CONNECT, "<Say>next</Say>")
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.notifications.codes == [31900]
    assert room.customer.stream_events == ["stream-error"]
    assert room.sounds.said == ["next"]
    room.assert_nothing_left()


@pytest.mark.parametrize("status", [404, 409, 500])
@pytest.mark.parametrize(
    ("verb", "request_name"), [(PLAY, "answer"), (PLAY, "play"), ("<Say>x</Say>", "play")]
)
async def test_what_asterisk_refuses_ends_the_call_with_a_code(
    room: CallRoom, verb: str, request_name: str, status: int
) -> None:
    room.asterisk.refuse(*REQUESTS[request_name], status)
    await room.call(verb)
    record = await room.ended()
    assert room.notifications.codes == [12400]
    answered = request_name != "answer"
    assert record.status is (CallStatus.COMPLETED if answered else CallStatus.FAILED)
    room.assert_nothing_left()


async def test_a_hang_up_that_asterisk_refuses_is_asked_again(room: CallRoom) -> None:
    room.asterisk.refuse("DELETE", DESTROY, 500, times=2)
    await room.call("<Hangup/>")
    await room.ended()
    room.assert_nothing_left()


@pytest.mark.parametrize("request_name", ["answer", "media", "bridge", "add"])
@pytest.mark.parametrize("by", ["caller", "rest", "update"])
async def test_b_07_nothing_is_left_when_connect_is_cut_at_any_request(
    room: CallRoom, request_name: str, by: str
) -> None:
    stall = room.asterisk.stall(*REQUESTS[request_name])
    channel = await room.call("<Play digits='1'/>" if request_name != "answer" else "", CONNECT)
    await stall.hit.wait()
    sid = room.calls.only.sid
    work: list[asyncio.Task[object]] = []
    if by == "caller" or (by == "update" and request_name == "answer"):
        await room.asterisk.hang_up(channel)
    elif by == "rest":
        work.append(asyncio.create_task(room.manager.end(ACCOUNT.sid, sid, CallStatus.COMPLETED)))
    else:
        twiml = Inline("<Response><Hangup/></Response>")
        work.append(asyncio.create_task(room.manager.redirect(ACCOUNT.sid, sid, twiml)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert stall.release is not None
    stall.release.set()
    await asyncio.gather(*work)
    await room.ended()
    assert not [code for code in room.notifications.codes if code != 31900]
    room.assert_nothing_left()


async def test_a_playback_cut_while_it_is_asked_for_does_not_play_on(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    stall = room.asterisk.stall(*REQUESTS["play"])
    await room.call("<Play digits='1'/>", PLAY)
    await stall.hit.wait()
    sid = room.calls.only.sid
    twiml = Inline("<Response><Pause length='60'/></Response>")
    redirect = asyncio.create_task(room.manager.redirect(ACCOUNT.sid, sid, twiml))
    for _ in range(20):
        await asyncio.sleep(0)
    assert stall.release is not None
    stall.release.set()
    await redirect
    assert not room.asterisk.world.playbacks


async def test_a_failure_nobody_foresaw_ends_the_call_with_12400(room: CallRoom) -> None:
    room.customer.documents.pop(VOICE.url, None)  # the double raises KeyError
    await room.asterisk.incoming_call(NUMBER.phone_number)
    assert (await room.ended()).status is CallStatus.FAILED
    assert room.notifications.codes == [call_module.INTERNAL_ERROR]
    room.assert_nothing_left()


async def test_no_stream_worker_is_a_stream_error_and_the_next_verb_runs(room: CallRoom) -> None:
    room.streams.none_lives = True
    await room.call(CONNECT, "<Say>next</Say>")
    await room.ended()
    assert room.notifications.codes == [31900]
    assert room.sounds.said == ["next"]


async def test_a_media_channel_that_ends_is_a_stream_error_and_the_next_verb_runs(
    room: CallRoom,
) -> None:
    """Without it the caller would hear silence for ever."""
    await room.call(CONNECT, "<Say>next</Say>")
    await streaming(room)
    await room.asterisk.hang_up(f"{room.streams.opened[0].sid}-media")
    await room.ended()
    assert room.notifications.codes == [31900]
    assert room.customer.stream_events == ["stream-started", "stream-error"]
    assert room.sounds.said == ["next"]
    room.assert_nothing_left()


async def test_a_media_channel_that_ends_with_the_call_is_no_error(room: CallRoom) -> None:
    channel = await room.call(CONNECT, "<Say>next</Say>")
    await streaming(room)
    await room.asterisk.hang_up(f"{room.streams.opened[0].sid}-media")
    await room.asterisk.hang_up(channel)
    await room.ended()
    assert room.notifications.codes == []
    assert room.customer.stream_events == ["stream-started", "stream-stopped"]
    room.assert_nothing_left()


async def test_b_11_keys_reach_the_bot_while_the_stream_lives(room: CallRoom) -> None:
    channel = await room.call(CONNECT)
    await streaming(room)
    await room.asterisk.dtmf(channel, "12#")
    await room.news.until(lambda: room.streams.opened[0].keys == "12#")


async def test_an_update_of_an_unknown_or_foreign_call_is_refused(room: CallRoom) -> None:
    await room.call(CONNECT)
    await streaming(room)
    assert room.manager.get("AC" + "2" * 32, room.calls.only.sid) is None
    assert room.manager.get(ACCOUNT.sid, "CA" + "0" * 32) is None


async def test_the_fallback_can_be_changed_while_the_call_goes_on(room: CallRoom) -> None:
    await room.call("<Play digits='1'/><Pause length='60'/>")
    await room.news.until(lambda: "in-progress" in room.customer.statuses)
    sid = room.calls.only.sid
    room.manager.change(ACCOUNT.sid, sid, fallback=FALLBACK)
    room.customer.documents[FALLBACK.url] = "<Say>sorry</Say>"
    await room.manager.redirect(ACCOUNT.sid, sid, Fetch(Endpoint(url="")))
    await room.ended()
    assert room.sounds.said == ["sorry"]


async def test_several_of_whom_none_can_be_dialled_fail_and_the_call_goes_on(
    room: CallRoom,
) -> None:
    await room.call("<Dial><Number>none</Number><Number>nobody</Number></Dial><Say>on</Say>")
    await room.ended()
    assert room.notifications.codes == [13223, 13223]
    assert room.sounds.said == ["on"]
    room.assert_nothing_left()
