"""Documents: what they lead to, what is forgiven and what is not, and in which types they come."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.testing import audio, sipp
from ari_app.testing.developer import DEADLINE, Developer
from ari_app.testing.http_server import Answer
from ari_app.testing.phone import Phone, call

CODES = audio.random_codes(0.2, seed=20)
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def jingle(dev: Developer) -> str:
    """URL of a sound that can be found again byte for byte."""
    return dev.files.audio("/jingle.wav", audio.wav(CODES, "ulaw"))


async def run(dev: Developer, number: str) -> Phone:
    """Call and listen until the other side hangs up."""
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    return phone


def loud_packets(phone: Phone) -> int:
    """How many 20 ms frames the caller heard that were not silent."""
    return sum(p.is_audio and not p.is_silent for p in phone.probe.received)


async def hear_speech(dev: Developer, number: str) -> None:
    """Call and listen until a second of speech has come, then hang up."""
    async with call(dev.stack.sip, number) as phone, asyncio.timeout(DEADLINE):
        await phone.probe.until(lambda: loud_packets(phone) >= 50)
        await phone.sipp.hang_up()


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_redirect_is_relative_to_the_document(dev: Developer, method: str) -> None:
    number = await dev.number(
        dev.app.twiml(
            "/shop/voice", f'<Redirect method="{method}">menu/main?x=1&amp;y=2</Redirect>'
        )
    )
    dev.app.twiml("/shop/menu/main", f"<Play>{jingle(dev)}</Play>")
    phone = await run(dev, number)
    assert phone.probe.heard(CODES)
    asked = dev.app.received("/shop/menu/main")[0]
    assert (asked.method, asked.signed) == (method, True)
    assert (asked.query["x"], asked.query["y"]) == ("1", "2")
    assert asked.params["CallSid"] == dev.app.received("/shop/voice")[0].params["CallSid"]


async def test_nothing_after_a_redirect_runs(dev: Developer) -> None:
    number = await dev.serving(f"<Redirect>/next</Redirect><Play>{jingle(dev)}</Play>")
    dev.app.twiml("/next", '<Play digits="w"/><Hangup/>')
    phone = await run(dev, number)
    assert not phone.probe.heard(CODES)
    assert not dev.files.requests


async def test_empty_redirect_asks_for_the_same_document(dev: Developer) -> None:
    number = await dev.serving(
        "<Redirect/>", "<Redirect></Redirect>", "<Reject/>", voice_method="GET"
    )
    result = await sipp.run("uac_expect_code", dev.stack.sip, number=number, keys={"code": 603})
    result.check()
    asked = dev.app.received("/voice")
    assert [one.method for one in asked] == ["GET", "POST", "POST"]
    assert len({one.params["CallSid"] for one in asked}) == 1
    assert [dict(one.query) for one in asked[1:]] == [{}, {}]


async def test_call_status_follows_the_call(dev: Developer) -> None:
    """`ringing` until the answer, `in-progress` from then on (contract 4.1)."""
    number = await dev.serving(
        "<Redirect>/voice</Redirect>",
        '<Play digits="w"/><Redirect>/voice</Redirect>',
        "<Hangup/>",
    )
    await run(dev, number)
    statuses = [one.params["CallStatus"] for one in dev.app.received("/voice")]
    assert statuses == ["ringing", "ringing", "in-progress"]


async def test_cookies_are_kept_for_the_call(dev: Developer) -> None:
    first = Answer(
        "<Response><Redirect>/two</Redirect></Response>", headers={"Set-Cookie": "cart=42; Path=/"}
    )
    number = await dev.number(dev.app.answer("/one", first))
    dev.app.twiml("/two", '<Play digits="w"/>')
    await run(dev, number)
    assert dev.app.received("/two")[0].headers["Cookie"] == "cart=42"


async def test_http_redirect_of_a_webhook_is_followed_and_signed(dev: Developer) -> None:
    number = await dev.number(dev.app.redirect("/voice", dev.app.url("/moved/voice"), 307))
    dev.app.twiml("/moved/voice", "<Redirect>next</Redirect>")
    dev.app.twiml("/moved/next", '<Play digits="w"/>')
    await run(dev, number)
    assert [one.signed for one in dev.app.requests] == [True, True, True]


async def test_fact_25_misspelt_verbs_and_attributes_are_warnings(dev: Developer) -> None:
    document = (
        f'<Plai>{jingle(dev)}</Plai><say>no</say><Hangup_/><Play lopp="3">{jingle(dev)}</Play>'
    )
    phone = await run(dev, await dev.serving(document))
    assert phone.probe.audio().count(CODES) == 1
    codes = await dev.problems(await dev.call_sid(), "12200")
    assert codes == ["12200"] * 4


@pytest.mark.parametrize(
    "body",
    [
        "<Response><Say>fish & chips</Say></Response>",
        f"  {DECLARATION}<Response/>",
        "",
        "this is no document <at all>",
    ],
)
async def test_fact_25_fact_26_what_is_not_xml_is_fatal_and_announced(
    dev: Developer, body: str
) -> None:
    """12100 (11770 for an empty body) in the call's notifications, and the caller is told."""
    number = await dev.number(dev.app.answer("/voice", Answer(body)))
    await hear_speech(dev, number)
    sid = await dev.call_sid()
    code = "12100" if body else "11770"
    assert await dev.problems(sid, code) == [code]
    await dev.logged(sid, f"code={code}")


@pytest.mark.parametrize(
    "body",
    [
        f"{DECLARATION}\n<Response>\n  <Play>\n {{}} \n</Play>\n</Response>\n",
        "\n  <Response><Play>{}</Play></Response>",
        "\ufeff" + DECLARATION + "<Response><Play>{}</Play></Response>",
        DECLARATION + "<!-- a --><Response>text<?pi x?><Play>{}</Play><!-- b --></Response>",
    ],
)
async def test_fact_26_what_is_forgiven_in_a_document(dev: Developer, body: str) -> None:
    number = await dev.number(dev.app.answer("/voice", Answer(body.format(jingle(dev)))))
    phone = await run(dev, number)
    assert phone.probe.audio().count(CODES) == 1


async def test_a_verb_that_is_not_there_is_13750_and_the_next_one_runs(
    dev: Developer,
) -> None:
    number = await dev.serving(f"<Pay/><Play>{jingle(dev)}</Play>")
    phone = await run(dev, number)
    assert phone.probe.heard(CODES)
    sid = await dev.call_sid()
    assert await dev.problems(sid, "13750") == ["13750"]
    await dev.logged(sid, "code=13750", "Pay")


async def test_document_that_is_audio_is_played_once(dev: Developer) -> None:
    """What the signed POST answered is played; nobody is asked again, unsigned."""
    wav = audio.wav(CODES, "ulaw")
    number = await dev.number(dev.app.audio("/voice", wav))
    phone = await run(dev, number)
    assert phone.probe.audio().count(CODES) == 1
    assert [(asked.method, asked.signed) for asked in dev.app.received("/voice")] == [
        ("POST", True)
    ]


@pytest.mark.parametrize("kind", ["application/xml", "text/html", "text/plain", "text/xml"])
async def test_types_that_are_read_as_twiml(dev: Developer, kind: str) -> None:
    body = f"<Response><Play>{jingle(dev)}</Play></Response>"
    number = await dev.number(
        dev.app.answer("/voice", Answer(body, content_type=f"{kind}; charset=utf-8"))
    )
    phone = await run(dev, number)
    assert phone.probe.audio().count(CODES) == 1


async def test_plain_text_is_spoken(dev: Developer) -> None:
    number = await dev.number(
        dev.app.answer(
            "/voice", Answer("We are closed today, call again tomorrow", content_type="text/plain")
        )
    )
    await hear_speech(dev, number)
    assert await dev.problems(await dev.call_sid()) == []


async def test_other_types_are_12300(dev: Developer) -> None:
    number = await dev.number(
        dev.app.answer("/voice", Answer('{"a": 1}', content_type="application/json"))
    )
    await hear_speech(dev, number)
    assert await dev.problems(await dev.call_sid(), "12300") == ["12300"]
