"""A menu as callers use it: keys during the prompt, after it, and none at all."""

from __future__ import annotations

from ari_app.testing import audio
from ari_app.testing.developer import Developer
from ari_app.testing.phone import call

PROMPT = audio.random_codes(10.0, seed=60)
SECOND = audio.random_codes(0.3, seed=61)
THIRD = audio.random_codes(0.3, seed=62)
GOODBYE = audio.random_codes(0.3, seed=63)


def play(dev: Developer, name: str, codes: bytes) -> str:
    return f"<Play>{dev.files.audio(f'/{name}.wav', audio.wav(codes, 'ulaw'))}</Play>"


async def test_fact_28_a_menu_with_keys_during_the_prompt_after_it_and_none(
    dev: Developer,
) -> None:
    prompt, second = play(dev, "prompt", PROMPT), play(dev, "second", SECOND)
    third, goodbye = play(dev, "third", THIRD), play(dev, "goodbye", GOODBYE)
    number = await dev.serving(f'<Gather numDigits="4" action="/menu">{prompt}</Gather>')
    pin = f'<Gather action="/pin?x=1">{second}</Gather><Hangup/>'
    dev.app.twiml("/menu", pin)
    dev.app.twiml("/pin", f'<Gather timeout="1" action="/no">{third}</Gather>{goodbye}')
    async with call(dev.stack.sip, number) as phone:
        await phone.probe.wait_for(PROMPT[:1600])
        await phone.probe.press("1234")
        menu = await dev.app.wait_for("/menu")
        await phone.probe.wait_for(SECOND)
        await phone.probe.press("*9#")
        asked = await dev.app.wait_for("/pin")
        await phone.hung_up()
    assert not phone.probe.heard(PROMPT)  # the first key stopped it
    assert phone.probe.heard(THIRD)
    assert phone.probe.heard(GOODBYE)
    assert (menu.method, menu.params["Digits"], menu.params["FinishedOnKey"]) == (
        "POST",
        "1234",
        "",
    )
    assert (asked.params["Digits"], asked.params["FinishedOnKey"]) == ("*9", "#")
    assert (asked.params["x"], asked.signed) == ("1", True)
    assert [r.path for r in dev.app.requests] == ["/voice", "/menu", "/pin"]
    assert await dev.problems(menu.params["CallSid"]) == []


async def test_fact_27_without_action_the_document_is_asked_again_with_the_keys(
    dev: Developer,
) -> None:
    """Keys that were typed while the prompt goes on to its end are kept."""
    goodbye = play(dev, "goodbye", GOODBYE)
    number = await dev.serving(
        f'<Gather bargeIn="false" finishOnKey="" numDigits="3">{play(dev, "second", SECOND * 8)}'
        "</Gather>",
        goodbye,
    )
    async with call(dev.stack.sip, number) as phone:
        await phone.probe.wait_for(SECOND)
        await phone.probe.press("1#*")
        await phone.hung_up()
    assert phone.probe.heard(SECOND * 8)
    assert phone.probe.heard(GOODBYE)
    first, again = dev.app.received("/voice")
    assert "Digits" not in first.params
    assert again.params["Digits"] == "1#*"
