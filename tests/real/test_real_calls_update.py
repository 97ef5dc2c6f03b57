"""Live update: a running call gets another document or its end, from Twilio's own client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ari_app.testing import audio
from ari_app.testing.bot import FakeBot
from ari_app.testing.developer import DEADLINE, Developer, Routed
from ari_app.testing.http_server import Answer
from ari_app.testing.phone import Phone, call, telephone

OLD = audio.random_codes(5.0, seed=40)
NEW = audio.random_codes(0.3, seed=41)


def play_new(dev: Developer) -> str:
    """The document that an update brings: a sound to be found again byte for byte."""
    url = dev.files.audio("/new.wav", audio.wav(NEW, "ulaw"))
    return f"<Response><Play>{url}</Play></Response>"


def old_verb(dev: Developer, verb: str) -> str:
    """A document that stays in ``verb`` long enough to be interrupted."""
    url = dev.files.audio("/old.wav", audio.wav(OLD, "ulaw"))
    words = "one two three four five six seven eight nine ten " * 3
    return {
        "play": f"<Play>{url}</Play>",
        "loop": f'<Play loop="0">{url}</Play>',
        "say": f"<Say>{words}</Say>",
        "pause": '<Play digits="w"/><Pause length="60"/>',
        "digits": '<Play digits="123456789012345678WWWWWWWWWWWW2"/>',
    }[verb]


async def in_the_middle(dev: Developer, phone: Phone, verb: str) -> str:
    """Wait until the verb has the line; returns the call's SID."""
    sid = await dev.call_sid()
    if verb in ("play", "loop"):
        await phone.probe.wait_for(OLD[:1600])
    elif verb == "say":
        async with asyncio.timeout(DEADLINE):
            await phone.probe.until(lambda: any(not p.is_silent for p in phone.probe.received))
    else:
        await dev.call_in(sid, "in-progress")
    return sid


@asynccontextmanager
async def in_stream(dev: Developer, bot: FakeBot) -> AsyncIterator[tuple[Phone, str]]:
    """A call inside ``<Connect><Stream>``, its caller speaking, and its SID."""
    number = await dev.serving(
        f'<Connect><Stream url="{bot.url}"/></Connect><Play>{dev.files.url("/after.wav")}</Play>'
    )
    dev.files.audio("/after.wav", audio.wav(OLD, "ulaw"))
    async with call(dev.stack.sip, number) as phone:
        stream = await bot.connection()
        await stream.wait_count("start", 1)
        speaking = asyncio.create_task(phone.probe.play(OLD))
        await stream.wait_count("media", 5)
        try:
            yield phone, await dev.call_sid()
        finally:
            speaking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await speaking


@pytest.mark.parametrize("by", ["twiml", "url"])
async def test_fact_11_b_10_update_ends_the_stream_and_runs_the_new_document(
    dev: Developer, by: str
) -> None:
    """An update inside a stream: `stop`, close, the new sound, and a truthful answer."""
    document = play_new(dev)
    async with FakeBot() as bot, in_stream(dev, bot) as (phone, sid):
        stream = await bot.connection()
        params = {"twiml": document} if by == "twiml" else {"url": dev.app.twiml("/new", document)}
        answer = await dev.rest(dev.client.calls(sid).update, **params)
        assert (answer.sid, answer.status) == (sid, "in-progress")
        await stream.wait_closed()
        assert [m["event"] for m in stream.messages[:2]] == ["connected", "start"]
        assert stream.messages[-1]["event"] == "stop"
        assert stream.messages[-1]["stop"]["callSid"] == sid
        assert stream.close_code == 1000
        await phone.probe.wait_for(NEW)
        await phone.hung_up()
    assert not phone.probe.heard(OLD[:320])  # the verb behind <Connect> never ran
    if by == "url":
        asked = dev.app.received("/new")[0]
        assert (asked.method, asked.signed) == ("POST", True)
        assert (asked.params["CallSid"], asked.params["CallStatus"]) == (sid, "in-progress")
    assert (await dev.over(sid)).status == "completed"
    assert await dev.problems(sid) == []


async def test_fact_11_a_stream_can_be_updated_into_another_stream(dev: Developer) -> None:
    async with FakeBot() as bot, FakeBot() as other, in_stream(dev, bot) as (phone, sid):
        document = f'<Response><Connect><Stream url="{other.url}"/></Connect></Response>'
        await dev.rest(dev.client.calls(sid).update, twiml=document)
        await (await bot.connection()).wait_closed()
        second = await other.connection()
        await second.wait_count("media", 3)
        await second.play(NEW)
        await phone.probe.wait_for(NEW)
        await second.close()
        await phone.hung_up()
    assert second.of("start")[0]["start"]["callSid"] == sid


@pytest.mark.parametrize("verb", ["play", "loop", "say", "pause", "digits"])
async def test_fact_11_update_inside_any_verb(dev: Developer, verb: str) -> None:
    """The old verb is heard no more, the next one of its document is never run."""
    number = await dev.serving(old_verb(dev, verb) + "<Redirect>/never</Redirect>")
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, verb)
        answer = await dev.rest(dev.client.calls(sid).update, twiml=play_new(dev))
        assert (answer.sid, answer.status) == (sid, "in-progress")
        await phone.probe.wait_for(NEW)
        await phone.hung_up()
    assert not phone.probe.heard(OLD[-1600:])
    assert not dev.app.received("/never")
    assert (await dev.over(sid)).status == "completed"
    assert await dev.problems(sid) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_fact_11_update_by_url_with_its_method(dev: Developer, method: str) -> None:
    number = await dev.serving(old_verb(dev, "play"))
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, "play")
        url = dev.app.twiml("/x/new", "<Redirect>next</Redirect>") + "?a=1"
        dev.app.twiml("/x/next", play_new(dev))
        await dev.rest(dev.client.calls(sid).update, url=url, method=method)
        await phone.probe.wait_for(NEW)
        await phone.hung_up()
    (asked,) = dev.app.received("/x/new")
    assert (asked.method, asked.query["a"], asked.signed) == (method, "1", True)


async def test_update_with_leading_white_space_and_relative_urls(dev: Developer) -> None:
    """Fact 26 for an update; a relative URL has no base there: 15004, the call goes on."""
    number = await dev.serving(old_verb(dev, "pause"))
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, "pause")
        document = play_new(dev).replace("<Response>", "<Response><Play>x.wav</Play>")
        await dev.rest(dev.client.calls(sid).update, twiml=f'\n  <?xml version="1.0"?>{document}')
        await phone.probe.wait_for(NEW)
        await phone.hung_up()
    assert await dev.problems(sid, "15004") == ["15004"]


async def test_fact_12_completed_in_a_stream_is_the_final_record(dev: Developer) -> None:
    """200 with the whole Call: its end, its duration, and `stop` for the bot."""
    async with FakeBot() as bot, in_stream(dev, bot) as (phone, sid):
        ended = await dev.rest(dev.client.calls(sid).update, status="completed")
        assert (ended.sid, ended.status) == (sid, "completed")
        assert ended.end_time >= ended.start_time
        assert int(ended.duration) >= 1
        stream = await bot.connection()
        await stream.wait_closed()
        assert (stream.messages[-1]["event"], stream.close_code) == ("stop", 1000)
        await phone.hung_up()
    fetched = await dev.call(sid)
    assert (fetched.status, fetched.duration) == ("completed", ended.duration)


@pytest.mark.parametrize("verb", ["play", "say", "pause"])
async def test_fact_12_completed_inside_any_verb(dev: Developer, verb: str) -> None:
    number = await dev.serving(old_verb(dev, verb), status_callback=dev.app.callback("/status"))
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, verb)
        ended = await dev.rest(dev.client.calls(sid).update, status="completed")
        assert ended.status == "completed"
        await phone.hung_up()
    (told,) = await dev.events(1)
    assert (told.params["CallStatus"], told.params["CallDuration"]) == ("completed", ended.duration)
    assert await dev.problems(sid) == []


async def test_canceled_has_no_effect_on_a_call_in_progress(dev: Developer) -> None:
    number = await dev.serving(old_verb(dev, "play"))
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, "play")
        answer = await dev.rest(dev.client.calls(sid).update, status="canceled")
        assert answer.status == "in-progress"
        await phone.probe.wait_for(OLD[:8000])
        await phone.sipp.hang_up()


@pytest.mark.parametrize("status", ["completed", "canceled"])
async def test_ringing_inbound_call_is_ended_not_redirected(dev: Developer, status: str) -> None:
    """Fact 11: a document needs a call in progress. Its webhook is pending, the caller waits."""
    number = await dev.number(dev.app.never("/voice"))
    async with call(dev.stack.sip, number, answered=False) as phone:
        sid = await dev.call_sid()
        calls = dev.client.calls(sid)
        assert (await dev.call(sid)).status == "ringing"
        assert await dev.refusal(calls.update, twiml="<Response/>") == (400, 21220)
        ended = await dev.rest(calls.update, status=status)
        assert (ended.status, ended.start_time, ended.duration) == (status, None, "0")
        final = await phone.sipp.wait_for(lambda m: (m.status or 0) >= 300)
        assert final.method == "INVITE"


async def test_b_14_ended_and_unknown_calls(dev: Developer) -> None:
    """pipecat hangs up what may have ended and lives only with 404 and 20404."""
    number = await dev.serving('<Play digits="w"/>')
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    sid = await dev.call_sid()
    await dev.over(sid)
    ended, unknown = dev.client.calls(sid), dev.client.calls("CA" + "f" * 32)
    assert await dev.refusal(ended.update, status="completed") == (404, 20404)
    assert await dev.refusal(ended.update, twiml="<Response/>") == (400, 21220)
    assert await dev.refusal(ended.update, url=dev.app.url("/x")) == (400, 21220)
    for params in ({"status": "completed"}, {"twiml": "<Response/>"}, {"status": "canceled"}):
        assert await dev.refusal(unknown.update, **params) == (404, 20404)
    with pytest.raises(TwilioRestException, match=r"Call is not in-progress. Cannot redirect\."):
        await dev.rest(ended.update, twiml="<Response/>")


async def test_b_14_friendlier_answer_for_an_ended_call_is_a_setting(
    routed_dev: Developer, routed: Routed
) -> None:
    dev = routed_dev
    async with telephone("uas_reject", port=routed.trunk_port, code=486) as phone:
        made = await dev.rest(
            dev.client.calls.create, to="+15551", from_="+15552", twiml="<Response/>"
        )
        await phone.hung_up()
    await dev.over(made.sid)
    assert (await dev.rest(made.update, status="completed")).status == "busy"


async def test_update_while_the_documents_webhook_is_pending(dev: Developer) -> None:
    """The call is in progress and waits for an answer: it need not wait for it."""
    number = await dev.serving('<Play digits="w"/><Redirect>/slow</Redirect>')
    dev.app.never("/slow")
    async with call(dev.stack.sip, number) as phone:
        sid = await dev.call_sid("/slow")
        await dev.rest(dev.client.calls(sid).update, twiml=play_new(dev))
        await phone.probe.wait_for(NEW)
        await phone.hung_up()
    assert await dev.problems(sid) == []


async def test_update_by_a_url_that_fails_takes_the_fallback(dev: Developer) -> None:
    number = await dev.serving(
        old_verb(dev, "play"), voice_fallback_url=dev.app.twiml("/fallback", play_new(dev))
    )
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, "play")
        url = dev.app.answer("/broken", Answer(status=500))
        await dev.rest(dev.client.calls(sid).update, url=url)
        await phone.probe.wait_for(NEW)
        await phone.hung_up()
    assert dev.app.received("/fallback")[0].params["ErrorUrl"] == url


async def test_two_updates_at_once_run_one_after_the_other(dev: Developer) -> None:
    """Both are answered 200; the one that comes last is what goes on."""
    number = await dev.serving(old_verb(dev, "play"))
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, "play")
        updates = [
            dev.rest(
                dev.client.calls(sid).update,
                url=dev.app.twiml(f"/{name}", '<Pause length="60"/>'),
            )
            for name in "abcd"
        ]
        answers = await asyncio.gather(*updates)
        assert {one.status for one in answers} == {"in-progress"}
        await dev.rest(dev.client.calls(sid).update, twiml=play_new(dev))
        await phone.probe.wait_for(NEW)
        await phone.hung_up()
    assert (await dev.over(sid)).status == "completed"
    assert await dev.problems(sid) == []


@pytest.mark.parametrize("params", [{"status": "completed"}, {"twiml": "<Response/>"}])
async def test_race_of_an_update_with_the_callers_hang_up(
    dev: Developer, params: dict[str, Any]
) -> None:
    """Whoever wins: 200, or Twilio's refusal for an ended call; nothing is left, all is told."""
    number = await dev.serving(old_verb(dev, "play"), status_callback=dev.app.callback("/status"))
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, "play")
        update: Awaitable[Any] = dev.rest(dev.client.calls(sid).update, **params)
        answer: Any
        answer, _ = await asyncio.gather(update, phone.sipp.hang_up(), return_exceptions=True)
    if isinstance(answer, TwilioRestException):
        assert (answer.status, answer.code) in {(404, 20404), (400, 21220)}
    else:
        assert answer.status in {"completed", "in-progress"}
    assert (await dev.over(sid)).status == "completed"
    await dev.events(1)
    assert await dev.problems(sid) == []


async def test_race_of_a_hang_up_inside_a_stream(dev: Developer) -> None:
    async with FakeBot() as bot, in_stream(dev, bot) as (phone, sid):
        update = dev.rest(dev.client.calls(sid).update, status="completed")
        await asyncio.gather(update, phone.sipp.hang_up(), return_exceptions=True)
        stream = await bot.connection()
        await stream.wait_closed()
        assert len(stream.of("stop")) == 1
    assert (await dev.over(sid)).status == "completed"
    assert await dev.problems(sid) == []


async def test_status_callback_and_limit_can_be_changed_in_the_call(dev: Developer) -> None:
    """A shorter `TimeLimit` ends the call at once when its time is over already."""
    number = await dev.serving(old_verb(dev, "pause"))
    async with call(dev.stack.sip, number) as phone:
        sid = await in_the_middle(dev, phone, "pause")
        await dev.rest(
            dev.client.calls(sid).update,
            status_callback=dev.app.callback("/late", 204),
            time_limit=1,
        )
        await phone.hung_up()
    assert (await dev.over(sid)).status == "completed"
    told = await dev.app.wait_for("/late")
    assert (told.params["CallStatus"], told.params["CallSid"]) == ("completed", sid)


async def test_time_limit_of_an_outbound_call_ends_it(dev: Developer) -> None:
    async with telephone() as phone:
        made = await dev.rest(
            dev.client.calls.create,
            to=f"sip:bob@127.0.0.1:{phone.sipp.port}",
            from_="+15550100",
            twiml='<Response><Pause length="60"/></Response>',
            time_limit=1,
        )
        await phone.hung_up()
    ended = await dev.over(made.sid)
    assert (ended.status, ended.duration in {"1", "2"}) == ("completed", True)
    assert await dev.problems(made.sid, "32015") == ["32015"]
