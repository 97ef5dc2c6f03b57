"""``<Dial>``: telephones ring, one answers, both hear each other byte for byte, all is told."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from ari_app.testing import audio, rtp
from ari_app.testing.developer import DEADLINE, Developer
from ari_app.testing.http_server import Received
from ari_app.testing.phone import Phone, call, telephone

CALLER = audio.random_codes(1.0, seed=60)
CALLEE = audio.random_codes(1.0, seed=61)
WHISPER = audio.random_codes(0.3, seed=62)
ALL = "initiated ringing answered completed"


def sip(phone: Phone, attributes: str = "", query: str = "") -> str:
    """The noun that dials a telephone."""
    return f"<Sip {attributes}>sip:bob@127.0.0.1:{phone.sipp.port}{query}</Sip>"


async def told(dev: Developer, path: str = "/after") -> dict[str, str]:
    """Wait for the action's request; its parameters."""
    found = await dev.app.wait_for(path)
    assert found.signed
    return found.params


async def talk(one: Phone, other: Phone) -> None:
    """Have both speak at once and hear all of each other, byte for byte."""
    await asyncio.gather(one.probe.play(CALLER), other.probe.play(CALLEE))
    await other.probe.wait_for(CALLER)
    await one.probe.wait_for(CALLEE)


async def through(one: Phone, other: Phone) -> None:
    """Speak again and again until ``other`` hears ``one``: until they are bridged."""
    async with asyncio.timeout(DEADLINE):
        mark = audio.random_codes(0.1, seed=63)
        while not other.probe.heard(mark):
            await one.probe.play(mark)


async def child_events(dev: Developer, count: int, path: str = "/child") -> list[dict[str, str]]:
    """Wait for so many status callbacks of a child; their parameters in order."""
    found: list[Received] = await dev.events(count, path)
    return [one.params for one in found]


async def test_both_hear_each_other_and_the_callee_hangs_up(dev: Developer) -> None:
    """Headers in the INVITE, status callbacks, action, and the child in REST."""
    dev.app.twiml("/after", "<Hangup/>")
    async with telephone("uas_ring_then_answer", seconds=0.3) as callee:
        noun = sip(
            callee,
            f'statusCallback="{dev.app.callback("/child")}" statusCallbackEvent="{ALL}"',
            "?X-Order=12%2C%20b&amp;User-to-User=abc",
        )
        number = await dev.serving(f'<Dial action="/after" callerId="+15550177">{noun}</Dial>')
        async with call(dev.stack.sip, number) as caller:
            await callee.answered()
            await through(caller, callee)
            await talk(caller, callee)
            await callee.sipp.hang_up()
            await caller.hung_up()
    invite = next(m for m in callee.sipp.messages if m.method == "INVITE")
    assert "+15550177" in invite.header("From")
    assert (invite.header("X-Order"), invite.header("User-to-User")) == ("12, b", "abc")
    params = await told(dev)
    assert (params["DialCallStatus"], params["DialBridged"]) == ("completed", "true")
    assert int(params["DialCallDuration"]) >= 1
    assert params["CallStatus"] == "in-progress"
    events = await child_events(dev, 4)
    assert [one["CallStatus"] for one in events] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    sid = params["CallSid"]
    child = await dev.over(params["DialCallSid"])
    assert (child.parent_call_sid, child.direction) == (sid, "outbound-dial")
    assert (child.status, child._from) == ("completed", "+15550177")
    assert {one["ParentCallSid"] for one in events} == {sid}
    listed = await dev.rest(dev.client.calls.list, parent_call_sid=sid)
    assert [one.sid for one in listed] == [child.sid]
    assert await dev.problems(sid) == []


async def test_a_recorded_dial_is_as_exact_and_its_recording_is_told(dev: Developer) -> None:
    """Both sides, told to the action and to the recording's callback."""
    dev.app.twiml("/after", "<Hangup/>")
    async with telephone() as callee:
        number = await dev.serving(
            '<Dial action="/after" record="record-from-answer-dual" '
            f'recordingStatusCallback="{dev.app.callback("/recording")}">{sip(callee)}</Dial>'
        )
        async with call(dev.stack.sip, number) as caller:
            await callee.answered()
            await through(caller, callee)
            await talk(caller, callee)
            await callee.sipp.hang_up()
            await caller.hung_up()
    params = await told(dev)
    recorded = (await dev.app.wait_for("/recording")).params
    assert recorded["RecordingUrl"] == params["RecordingUrl"]
    assert (recorded["CallSid"], recorded["RecordingSource"]) == (params["CallSid"], "DialVerb")
    assert (recorded["RecordingChannels"], recorded["RecordingStatus"]) == ("2", "completed")
    invite = next(m for m in callee.sipp.messages if m.method == "INVITE")
    assert params["DialSipCallId"] == invite.header("Call-ID")
    assert params["DialSipResponseCode"] == "200"
    assert params["DialSipHeader_X-Answered-By"] == "bob, at last"


async def test_a_callee_that_asks_for_a_password_gets_it(dev: Developer) -> None:
    async with telephone("uas_auth") as callee:
        noun = sip(callee, 'username="bob" password="se,cret"')
        number = await dev.serving(f"<Dial>{noun}</Dial>")
        async with call(dev.stack.sip, number) as caller:
            await callee.answered()
            await through(caller, callee)
            await caller.sipp.hang_up()
            await callee.hung_up()
    assert "se,cret" not in dev.stack.log("app")


async def test_callee_of_the_other_law_is_understood(dev: Developer) -> None:
    tone = audio.tone_codes(2.0, 1000.0, "alaw")
    async with telephone(law="alaw") as callee:
        number = await dev.serving(f"<Dial>{sip(callee)}</Dial>")
        async with call(dev.stack.sip, number) as caller:
            await callee.answered()
            await through_tone(callee, caller)
            begun = len(caller.probe.received)
            await callee.probe.play(tone)
            await caller.probe.wait_for_packets(begun + 90)
            await caller.sipp.hang_up()
            await callee.hung_up()
    heard = audio.decode(caller.probe.audio(), "ulaw")[begun * 160 + 1600 :][:8000]
    assert strongest(heard) == pytest.approx(1000, abs=5)


async def through_tone(one: Phone, other: Phone) -> None:
    """As `through`, for two that do not speak the same law."""
    async with asyncio.timeout(DEADLINE):
        while not any(p.is_audio and not p.is_silent for p in other.probe.received[-20:]):
            await one.probe.play(audio.tone_codes(0.1, 1000.0, one.probe.law))


def strongest(samples: audio.Samples) -> float:
    """The frequency with the most energy, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rtp.SAMPLE_RATE / len(samples)


async def test_busy_no_answer_and_an_answer_ring_together(dev: Developer) -> None:
    """The one who answers wins; the one who rings is cancelled; each told as what it was."""
    dev.app.twiml("/after", "<Hangup/>")
    async with (
        telephone("uas_reject", code=486) as busy,
        telephone("uas_noanswer") as ringing,
        telephone("uas_ring_then_answer", seconds=1.0) as callee,
    ):
        nouns = "".join(
            sip(phone, f'statusCallback="{dev.app.callback(path)}"')
            for phone, path in ((busy, "/busy"), (ringing, "/ringing"), (callee, "/callee"))
        )
        number = await dev.serving(f'<Dial action="/after">{nouns}</Dial>')
        async with call(dev.stack.sip, number) as caller:
            await callee.answered()
            await through(caller, callee)
            await talk(caller, callee)
            await ringing.hung_up()
            await caller.sipp.hang_up()
            await callee.hung_up()
    cancelled = [m.method for m in ringing.sipp.messages if m.status is None]
    assert cancelled[:2] == ["INVITE", "CANCEL"]
    for path, status, code in (
        ("/busy", "busy", "486"),
        ("/ringing", "canceled", "487"),
        ("/callee", "completed", "200"),
    ):
        (params,) = await child_events(dev, 1, path)
        assert (params["CallStatus"], params["SipResponseCode"]) == (status, code)
    params = await told(dev)
    assert (params["CallStatus"], params["DialCallStatus"]) == ("completed", "completed")


async def test_refusals_are_told_apart_and_the_caller_hears_ringing(dev: Developer) -> None:
    """486, 404, nobody there, and a telephone that rings until its time is over; 440+480 Hz."""
    async with (
        telephone("uas_reject", code=486) as busy,
        telephone("uas_reject", code=404) as unknown,
        telephone("uas_noanswer") as ringing,
    ):
        for path, phone, after in (
            ("/1", unknown, "/2"),
            ("/2", ringing, "/3"),
        ):
            dev.app.twiml(path, f'<Dial timeout="1" action="{after}">{sip(phone)}</Dial>')
        dev.app.twiml("/3", '<Dial action="/4"><Number>+15551234567</Number></Dial>')
        dev.app.twiml("/4", "<Hangup/>")
        number = await dev.serving(f'<Dial action="/1">{sip(busy)}</Dial>')
        async with call(dev.stack.sip, number) as caller:
            await caller.hung_up()
    found = [await told(dev, path) for path in ("/1", "/2", "/3", "/4")]
    assert [one["DialCallStatus"] for one in found] == ["busy", "failed", "no-answer", "failed"]
    assert [one.get("DialSipResponseCode") for one in found] == ["486", "404", "487", None]
    assert {one["DialBridged"] for one in found} == {"false"}
    assert not any("DialCallDuration" in one for one in found)
    assert await dev.problems(found[0]["CallSid"], "13224") == ["13224"]
    heard = audio.decode(caller.probe.audio(), "ulaw")
    spectrum = np.abs(np.fft.rfft(heard))
    hertz = np.fft.rfftfreq(len(heard), 1 / rtp.SAMPLE_RATE)
    loudest = {round(float(f), -1) for f in hertz[np.argsort(spectrum)[-40:]]}
    assert loudest <= {430.0, 440.0, 450.0, 470.0, 480.0, 490.0}


async def test_whisper_is_heard_by_the_callee_alone_and_star_ends_the_callee(
    dev: Developer,
) -> None:
    """The caller stays unanswered until the bridge, goes on after its star."""
    url = dev.files.audio("/whisper.wav", audio.wav(WHISPER, "ulaw"))
    after = dev.files.audio("/after.wav", audio.wav(CALLEE, "ulaw"))
    dev.app.twiml("/whisper", f"<Play>{url}</Play>")
    dev.app.twiml("/after", f"<Play>{after}</Play>")
    async with telephone() as callee:
        noun = sip(callee, 'url="/whisper"')
        number = await dev.serving(
            f'<Dial answerOnBridge="true" hangupOnStar="true" action="/after">{noun}</Dial>'
        )
        async with call(dev.stack.sip, number, answered=False) as caller:
            await callee.answered()
            await callee.probe.wait_for(WHISPER)
            await caller.answered()
            await through(caller, callee)
            await talk(caller, callee)
            await caller.probe.press("*")
            await callee.hung_up()
            await caller.hung_up()
    assert not caller.probe.heard(WHISPER[:800])
    assert caller.probe.audio().count(CALLEE) == 2
    statuses = [m.status for m in caller.sipp.messages if m.method == "INVITE" and m.status]
    assert statuses[-1] == 200
    assert 180 in statuses
    asked = await told(dev, "/whisper")
    params = await told(dev)
    assert (asked["CallSid"], asked["ParentCallSid"]) == (params["DialCallSid"], params["CallSid"])
    assert params["DialCallStatus"] == "completed"


async def test_a_caller_who_gives_up_cancels_what_rings(dev: Developer) -> None:
    dev.app.twiml("/after", "<Hangup/>")
    async with telephone("uas_noanswer") as callee:
        number = await dev.serving(f'<Dial action="/after">{sip(callee)}</Dial>')
        async with call(dev.stack.sip, number) as caller:
            await callee.sipp.wait_for(lambda m: m.status == 180)
            await caller.sipp.hang_up()
            await callee.hung_up()
    params = await told(dev)
    assert (params["CallStatus"], params["DialCallStatus"]) == ("completed", "canceled")
    assert (await dev.over(params["DialCallSid"])).status == "canceled"


async def test_live_updates_of_the_child_and_of_the_parent(dev: Developer) -> None:
    """The child leaves for a document of its own, the parent goes on to its action."""
    url = dev.files.audio("/new.wav", audio.wav(WHISPER, "ulaw"))
    async with telephone() as callee, telephone() as second:
        dev.app.twiml("/after", f"<Dial>{sip(second)}</Dial>")
        number = await dev.serving(f'<Dial action="/after">{sip(callee)}</Dial>')
        async with call(dev.stack.sip, number) as caller:
            await callee.answered()
            await through(caller, callee)
            sid = await dev.call_sid()
            (child,) = await dev.rest(dev.client.calls.list, parent_call_sid=sid)
            pause = "<Response><Play>{}</Play><Pause length='60'/></Response>"
            await dev.rest(child.update, twiml=pause.format(url))
            await callee.probe.wait_for(WHISPER)
            params = await told(dev)
            assert (params["DialCallStatus"], params["DialBridged"]) == ("completed", "true")
            await second.answered()
            await through(caller, second)
            assert (await dev.call(child.sid)).status == "in-progress"
            play = f"<Response><Play>{url}</Play></Response>"
            await dev.rest(dev.client.calls(sid).update, twiml=play)
            await second.hung_up()
            await caller.probe.wait_for(WHISPER)
            await caller.hung_up()
            await dev.rest(child.update, status="completed")
            await callee.hung_up()


@pytest.mark.parametrize("attributes", ["", 'answerOnBridge="true"'])
async def test_a_callee_is_heard_before_he_answers(dev: Developer, attributes: str) -> None:
    """Early media in place of ringing; then both talk."""
    async with telephone("uas_early", seconds=4) as callee:
        number = await dev.serving(f"<Dial {attributes}>{sip(callee)}</Dial>")
        async with call(dev.stack.sip, number) as caller:
            ringing = await callee.sipp.wait_for(lambda m: m.direction == "received")
            assert ringing.media is not None
            callee.probe.connect(*ringing.media)
            async with asyncio.timeout(DEADLINE):
                while not caller.probe.heard(WHISPER):
                    await callee.probe.play(WHISPER)
            assert all(m.status != 200 for m in callee.sipp.messages if m.method == "INVITE")
            if attributes:
                first = next(m for m in caller.sipp.messages if m.media is not None and m.status)
                assert first.status == 183
            await callee.sipp.established()
            await through(caller, callee)
            await talk(caller, callee)
            await callee.sipp.hang_up()
            await caller.hung_up()
    assert "sip:+15557000@" in ringing.header("From")


async def test_an_address_that_leads_nowhere_fails_at_once(dev: Developer) -> None:
    """Nobody listens there, or the name does not resolve: told as failed, without ringing on."""
    dev.app.twiml("/after", "<Hangup/>")
    number = await dev.serving(
        '<Dial action="/after"><Sip>sip:bob@127.0.0.1:9;transport=tcp</Sip></Dial>'
    )
    async with call(dev.stack.sip, number) as caller:
        await caller.hung_up()
    params = await told(dev)
    assert (params["DialCallStatus"], params["DialBridged"]) == ("failed", "false")
    assert (await dev.over(params["DialCallSid"])).status == "failed"
