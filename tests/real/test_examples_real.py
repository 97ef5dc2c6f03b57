"""The example bot runs on the real stack as it stands in the README."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from ari_app.testing import audio
from ari_app.testing.phone import call
from ari_app.testing.stack import RealStack
from examples import voice_bot

NUMBER = "+15552000"
SILENCE = bytes([0xFF]) * 8000


@pytest.fixture
async def bot(stack: RealStack) -> AsyncIterator[str]:
    runner = web.AppRunner(voice_bot.app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/voice"
    await stack.add_number(NUMBER, url)
    yield url
    await stack.remove_number(NUMBER)
    await runner.cleanup()


async def test_the_example_bot_says_what_it_heard_and_then_goodbye(
    stack: RealStack, bot: str
) -> None:
    said = audio.random_codes(0.5, seed=7)
    async with call(stack.sip, NUMBER) as phone:
        # A second of silence first: what comes before the bot's stream is open is not heard.
        await phone.probe.play(SILENCE + said + SILENCE)
        await phone.probe.wait_for(said)
        await phone.probe.press("1")
        result = await phone.hung_up()
    assert result.ok
