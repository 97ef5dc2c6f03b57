"""<Gather input="speech">: what a caller says arrives as text (Twilio: TwiML Gather)."""

from __future__ import annotations

import json
import shutil

import pytest

from ari_app.testing.customer import Customer, customer
from ari_app.testing.phone import call
from ari_app.testing.spoken import spoken
from ari_app.testing.stack import RealStack

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")

AFTER = "<Response><Hangup/></Response>"


async def answered(
    shop: Customer, gather: str, *, say: str = "", press: str = ""
) -> dict[str, str]:
    """Call, say or press something, and return the parameters of the action request."""
    shop.says(gather)
    shop.web.twiml("/heard", "<Hangup/>")
    async with call(shop.stack.sip, shop.number) as phone:
        await phone.probe.play(b"\xff" * 4000)
        if press:
            await phone.probe.press(press)
        if say:
            await phone.probe.play(spoken(say) + b"\xff" * 16_000)
        params = (await shop.web.wait_for("/heard")).params
        await phone.hung_up()
    await shop.ended(params["CallSid"])
    return params


@pytest.mark.parametrize(
    ("hints", "said"),
    [("yes, no, operator", "yes"), ("sales, support, operator", "operator")],
)
async def test_hinted_words_are_understood(stack: RealStack, hints: str, said: str) -> None:
    async with customer(stack) as shop:
        partial = shop.web.url("/partial")
        shop.web.callback("/partial")
        params = await answered(
            shop,
            f'<Gather input="speech dtmf" hints="{hints}" speechTimeout="1" timeout="20" '
            f'action="/heard" partialResultCallback="{partial}"><Pause length="60"/></Gather>',
            say=said,
        )
        await shop.web.wait_for("/partial")
        unstable = shop.web.received("/partial")[-1].params
    assert params["SpeechResult"] == said
    assert 0 <= float(params["Confidence"]) <= 1
    assert "Digits" not in params
    assert unstable["UnstableSpeechResult"]
    assert unstable["CallSid"] == params["CallSid"]


async def test_a_key_before_any_word_decides(stack: RealStack) -> None:
    async with customer(stack) as shop:
        params = await answered(
            shop,
            '<Gather input="dtmf speech" numDigits="1" timeout="20" action="/heard"/>',
            press="5",
        )
    assert params["Digits"] == "5"
    assert "SpeechResult" not in params


async def test_another_language_is_told_and_keys_still_count(stack: RealStack) -> None:
    async with customer(stack) as shop:
        params = await answered(
            shop,
            '<Gather input="dtmf speech" language="de-DE" numDigits="1" timeout="20" '
            'action="/heard"/>',
            press="7",
        )
        problems = [code for code, _ in await shop.problems(params["CallSid"])]
    assert params["Digits"] == "7"
    assert problems == [13331]


async def test_what_a_caller_says_is_transcribed_beside_the_call(stack: RealStack) -> None:
    """§6.3: started, content, stopped; the caller's words on the caller's track."""
    async with customer(stack) as shop:
        shop.web.callback("/told")
        shop.says(
            f'<Start><Transcription statusCallbackUrl="{shop.web.url("/told")}" name="t" '
            'hints="yes, operator, no" track="inbound_track"/></Start><Pause length="60"/>'
        )

        async with call(stack.sip, shop.number) as phone:
            await shop.web.wait_for("/told")
            await phone.probe.play(b"\xff" * 8000 + spoken("operator") + b"\xff" * 16_000)
            await shop.web.wait_for("/told", 2)
            await phone.sipp.hang_up()
        call_sid = await shop.call_sid()
        await shop.web.wait_for("/told", 3)
        await shop.ended(call_sid)
        told = [request.params for request in shop.web.received("/told")]
    told.sort(key=lambda params: int(params["SequenceId"]))
    started, content, stopped = told
    assert started["TranscriptionEvent"] == "transcription-started"
    assert (content["Track"], content["Final"]) == ("inbound_track", "true")
    assert "operator" in json.loads(content["TranscriptionData"])["transcript"]
    assert stopped["TranscriptionEvent"] == "transcription-stopped"
