"""The example bot runs on the real stack as it stands in the README."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from ari_app.testing import audio
from ari_app.testing.phone import call
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.stack import RealStack
from examples import voice_bot

NUMBER = "+15552000"
SILENCE = bytes([0xFF]) * 8000


def spoken(probe: RtpProbe) -> bytes:
    """What was heard without its silent packets."""
    packets = (packet.payload for packet in probe.received)
    return b"".join(payload for payload in packets if payload.strip(b"\xff"))


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
        # The bot answers frame by frame and holds no cushion: one that comes a little late finds
        # an empty buffer, and the caller hears 20 ms of silence before it. None may be missing.
        async with asyncio.timeout(10):
            await phone.probe.until(lambda: said in spoken(phone.probe))
        await phone.probe.press("1")
        result = await phone.hung_up()
    assert result.ok
