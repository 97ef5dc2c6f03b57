"""Calls from the first moment to the last callback, on a fake Asterisk."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.call.manager import WrongStateError
from ari_app.call.outcome import Fetch, Inline
from ari_app.call.ports import InboundRoute
from ari_app.errors import TwilioError
from ari_app.model import CallStatus
from ari_app.testing.call_services import (
    ACCOUNT,
    EVENTS,
    FALLBACK,
    NUMBER,
    VOICE,
    CallRoom,
    FakeReply,
)

PLAY = "<Play>http://app.test/a.wav</Play>"
CONNECT = (
    '<Connect><Stream url="wss://bot.test/" statusCallback="http://app.test/stream"/></Connect>'
)
DESTROY = r"/channels/in-1"


def with_fallback(room: CallRoom) -> None:
    room.platform.answer = InboundRoute(ACCOUNT, NUMBER, VOICE, FALLBACK, EVENTS)


async def streaming(room: CallRoom) -> None:
    await room.news.until(lambda: bool(room.streams.opened))


async def playing(room: CallRoom) -> None:
    await room.asterisk.wait_request("POST", r"/channels/in-1/play/.*")


async def test_verbs_run_in_order_and_the_call_ends_completed(room: CallRoom) -> None:
    await room.call(PLAY, "<Say>hello</Say>")
    record = await room.ended()
    assert record.status is CallStatus.COMPLETED
    assert room.sounds.said == ["hello"]
    assert room.customer.statuses == ["in-progress", "completed"]
    room.assert_nothing_left()


async def test_an_answer_that_is_audio_is_played_as_it_came(room: CallRoom) -> None:
    answer = FakeReply(VOICE.url, b"RIFF", "Audio/WAV; x=y")
    room.customer.documents[VOICE.url] = answer
    channel = await room.asterisk.incoming_call(NUMBER.phone_number)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.sounds.kept == [(answer.body, answer.content_type)]
    (played,) = room.asterisk.requested("POST", f"/channels/{channel}/play/.*")
    assert played.query["media"] == "sound:/media/kept-1"
    assert len(room.customer.asked) == 1
    room.assert_nothing_left()


async def test_a_document_after_audio_fetches_its_own(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    room.customer.documents[VOICE.url] = FakeReply(VOICE.url, b"RIFF", "audio/wav")
    await room.asterisk.incoming_call(NUMBER.phone_number)
    await playing(room)
    room.asterisk.auto_finish = True
    sid = room.calls.only.sid
    await room.manager.redirect(ACCOUNT.sid, sid, Inline(f"<Response>{PLAY}</Response>"))
    await room.ended()
    assert [sound.path for sound in room.sounds.made] == ["/media/kept-1", "/media/a.wav"]


async def test_a_caller_who_gives_up_while_it_rings_was_not_answered(room: CallRoom) -> None:
    never = asyncio.Event()
    room.customer.documents[VOICE.url] = never
    channel = await room.asterisk.incoming_call(NUMBER.phone_number)
    await room.news.until(lambda: bool(room.customer.asked))
    await room.asterisk.hang_up(channel)
    record = await room.ended()
    assert (record.status, record.sip_response_code) == (CallStatus.NO_ANSWER, 487)
    assert record.duration == 0


@pytest.mark.parametrize("verb", [PLAY, "<Say>x</Say>", "<Pause length='60'/>", CONNECT])
async def test_the_caller_hangs_up_in_any_verb(room: CallRoom, verb: str) -> None:
    room.asterisk.auto_finish = False
    channel = await room.call("<Play digits='1'/>", verb)
    await room.reached(1)
    await room.asterisk.hang_up(channel)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.notifications.codes == []
    room.assert_nothing_left()


@pytest.mark.parametrize("verb", [PLAY, "<Say>x</Say>", "<Pause length='60'/>", CONNECT])
async def test_fact_11_a_live_update_replaces_any_verb(room: CallRoom, verb: str) -> None:
    room.asterisk.auto_finish = False
    await room.call("<Play digits='1'/>", verb)
    await room.reached(1)
    sid = room.calls.only.sid
    room.asterisk.auto_finish = True
    updated = await room.manager.redirect(
        ACCOUNT.sid, sid, Inline("<Response><Say>new</Say></Response>")
    )
    assert updated.status is CallStatus.IN_PROGRESS
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.sounds.said[-1] == "new"
    room.assert_nothing_left()


async def test_a_live_update_stops_the_stream_and_leaves_its_action_alone(room: CallRoom) -> None:
    await room.call(CONNECT.replace("<Connect>", '<Connect action="/after">'))
    await streaming(room)
    sid = room.calls.only.sid
    await room.manager.redirect(ACCOUNT.sid, sid, Inline("<Response><Hangup/></Response>"))
    assert room.streams.opened[0].stops == 1
    await room.ended()
    assert room.customer.stream_events == ["stream-started", "stream-stopped"]
    assert not [url for url, _ in room.customer.told + room.customer.asked if "after" in url]


async def test_a_hang_up_inside_connect_asks_its_action_once(room: CallRoom) -> None:
    channel = await room.call(CONNECT.replace("<Connect>", '<Connect action="/after">'))
    await streaming(room)
    await room.asterisk.hang_up(channel)
    await room.ended()
    asked = [params for url, params in room.customer.told if url == "http://app.test/after"]
    assert [params["CallStatus"] for params in asked] == ["completed"]
    sid = room.streams.opened[0].sid
    assert (asked[0]["StreamSid"], asked[0]["StreamName"]) == (sid, sid)


async def test_a_relative_stream_callback_is_one_problem(room: CallRoom) -> None:
    """Twilio: statusCallback of a stream must be absolute; the call goes on."""
    await room.call(CONNECT.replace("http://app.test/stream", "/stream"))
    await streaming(room)
    await room.streams.opened[0].stop()
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.notifications.codes == [11200]
    assert "absolute" in room.notifications.kept[0].message
    assert room.customer.stream_events == []


@pytest.mark.parametrize("verb", ["Redirect", "Play"])
async def test_error_url_is_whole_without_password_and_fragment(room: CallRoom, verb: str) -> None:
    url = "http://app.test/voice?" + "x" * 500
    written = url.replace("http://", "http://me:secret@") + "#rc=2"
    with_fallback(room)
    room.customer.documents[FALLBACK.url] = "<Hangup/>"
    room.customer.documents[written] = TwilioError(11200, "500")
    room.sounds.failing[written] = TwilioError(11200, "404")
    await room.call(f"<{verb}>{written}</{verb}>")
    await room.ended()
    url_asked, params = room.customer.asked[-1]
    assert (url_asked, params["ErrorUrl"]) == (FALLBACK.url, url)


async def test_fact_12_hanging_up_by_rest_returns_the_ended_call(room: CallRoom) -> None:
    await room.call(CONNECT)
    await streaming(room)
    record = await room.manager.end(ACCOUNT.sid, room.calls.only.sid, CallStatus.COMPLETED)
    assert record.status is CallStatus.COMPLETED
    assert room.calls.only.status is CallStatus.COMPLETED
    await room.ended()
    room.assert_nothing_left()


async def test_many_orders_at_once_are_all_answered(room: CallRoom) -> None:
    channel = await room.call("<Play digits='1'/><Pause length='60'/>")
    await room.news.until(lambda: "in-progress" in room.customer.statuses)
    sid = room.calls.only.sid
    pause = Inline("<Response><Pause length='60'/></Response>")
    orders = [
        *(room.manager.redirect(ACCOUNT.sid, sid, pause) for _ in range(5)),
        room.manager.end(ACCOUNT.sid, sid, CallStatus.COMPLETED),
        *(room.manager.redirect(ACCOUNT.sid, sid, pause) for _ in range(5)),
    ]
    *answers, _ = await asyncio.gather(
        *orders, room.asterisk.hang_up(channel), return_exceptions=True
    )
    assert all(not isinstance(a, BaseException) or isinstance(a, WrongStateError) for a in answers)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.customer.statuses.count("completed") == 1
    room.assert_nothing_left()


async def test_a_redirect_that_crosses_the_hang_up_is_told_so(room: CallRoom) -> None:
    channel = await room.call(CONNECT)
    await streaming(room)
    stall = room.asterisk.stall("DELETE", r"/bridges/.*")
    redirect = asyncio.create_task(
        room.manager.redirect(ACCOUNT.sid, room.calls.only.sid, Inline("<Response/>"))
    )
    await stall.hit.wait()
    await room.asterisk.hang_up(channel)
    await room.asterisk.wait_request("DELETE", r"/channels/MZ.*-media")
    assert stall.release is not None
    stall.release.set()
    with pytest.raises(WrongStateError):
        await redirect
    assert (await room.ended()).status is CallStatus.COMPLETED


async def test_who_gives_up_waiting_for_an_update_does_not_hurt_the_call(room: CallRoom) -> None:
    await room.call(CONNECT)
    await streaming(room)
    stall = room.asterisk.stall("DELETE", r"/bridges/.*")
    sid = room.calls.only.sid
    redirect = asyncio.create_task(
        room.manager.redirect(ACCOUNT.sid, sid, Inline("<Response><Say>new</Say></Response>"))
    )
    await stall.hit.wait()
    redirect.cancel()
    assert stall.release is not None
    stall.release.set()
    await room.ended()
    assert room.sounds.said == ["new"]
    assert room.notifications.codes == []


async def test_the_time_limit_ends_the_call_in_a_stream(room: CallRoom) -> None:
    await room.call(CONNECT)
    await streaming(room)
    room.manager.change(ACCOUNT.sid, room.calls.only.sid, time_limit=0)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert room.streams.opened[0].stops == 1
    assert room.notifications.codes == [32015]
    room.assert_nothing_left()


async def test_documents_that_lead_to_each_other_for_ever_end_the_call(room: CallRoom) -> None:
    room.customer.documents["http://app.test/b"] = "<Redirect>/voice</Redirect>"
    await room.call("<Redirect>/b</Redirect>")
    record = await room.ended()
    assert record.status is CallStatus.COMPLETED
    assert room.notifications.codes == [11215]
    assert "application error" in room.sounds.said[0]


async def test_fallback_and_document_that_lead_to_each_other_end_too(room: CallRoom) -> None:
    with_fallback(room)
    room.sounds.failing["http://app.test/a.wav"] = TwilioError(11200, "404")
    room.customer.documents[FALLBACK.url] = "<Redirect>/voice</Redirect>"
    await room.call(PLAY)
    await room.ended()
    assert room.notifications.codes[-1] == 11215
    assert len(room.customer.asked) < 200


async def test_b_18_a_failed_document_goes_to_the_fallback_url(room: CallRoom) -> None:
    with_fallback(room)
    room.customer.documents[FALLBACK.url] = "<Say>sorry</Say>"
    room.customer.documents[VOICE.url] = TwilioError(11200, "500")
    await room.asterisk.incoming_call(NUMBER.phone_number)
    await room.ended()
    url, params = room.customer.asked[1]
    assert (url, params["ErrorCode"], params["ErrorUrl"]) == (FALLBACK.url, "11200", VOICE.url)
    assert room.sounds.said == ["sorry"]


async def test_a_failing_play_url_uses_the_fallback_each_time(room: CallRoom) -> None:
    with_fallback(room)
    room.sounds.failing["http://app.test/a.wav"] = TwilioError(11200, "404")
    room.customer.documents[FALLBACK.url] = "<Say>sorry</Say><Pause length='60'/>"
    await room.call(PLAY)
    await room.news.until(lambda: room.sounds.said == ["sorry"])
    await room.reached(1)
    await room.manager.redirect(ACCOUNT.sid, room.calls.only.sid, Fetch(VOICE))
    await room.news.until(lambda: room.sounds.said == ["sorry", "sorry"])


async def test_a_fallback_that_fails_too_is_announced(room: CallRoom) -> None:
    with_fallback(room)
    room.sounds.failing["http://app.test/a.wav"] = TwilioError(11200, "404")
    room.customer.documents[FALLBACK.url] = PLAY
    await room.call(PLAY)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert "application error" in room.sounds.said[0]


async def test_a_number_without_a_url_is_announced_as_a_failure(room: CallRoom) -> None:
    room.platform.answer = InboundRoute(ACCOUNT, NUMBER, None, None, None)
    await room.asterisk.incoming_call(NUMBER.phone_number)
    await room.ended()
    assert room.notifications.codes == [11100]
