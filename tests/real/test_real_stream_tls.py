"""Streams over TLS, on a node that trusts one authority of its own (`ca_file`)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator

from ari_app.testing import audio
from ari_app.testing.bot import FakeBot, tls_pair
from ari_app.testing.customer import customer
from ari_app.testing.phone import call
from ari_app.testing.stack import RealStack, real_stack

NEXT = audio.random_codes(0.3, seed=9)


@dataclass(frozen=True)
class Trusting:
    """A node, and a server context that it trusts for localhost and no other name."""

    stack: RealStack
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trusting]:
    folder = tmp_path_factory.mktemp("trusting")
    context, authority = tls_pair(folder, "localhost")
    with real_stack(folder / "node", ca_file=authority) as running:
        yield Trusting(running, context)


async def test_fact_16_b_13_wss_is_signed_over_the_url_as_written(trusting: Trusting) -> None:
    stack = trusting.stack
    said, answer = audio.random_codes(0.3, seed=1), audio.random_codes(0.3, seed=2)
    async with customer(stack) as shop, FakeBot(tls=trusting.server) as server:
        url = f"wss://localhost:{server.port}/bots/7"
        shop.says(f'<Connect><Stream url="{url}"/></Connect>')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            await phone.probe.play(said)
            await bot.wait_audio(said)
            await bot.play(answer)
            await phone.probe.wait_for(answer)
            await bot.close()
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    request = await server.request()
    assert request.path == "/bots/7"
    assert request.headers["Host"] == url.split("/")[2]
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(stack.token).validate(url, {}, signature)


@pytest.mark.parametrize("wrong", ["authority", "name", "no-tls"])
async def test_b_08_tls_trouble_is_told_as_31910(
    trusting: Trusting, tmp_path: Path, wrong: str
) -> None:
    stack = trusting.stack
    host = "127.0.0.1" if wrong == "name" else "localhost"
    context = tls_pair(tmp_path, "localhost")[0] if wrong == "authority" else trusting.server
    async with customer(stack) as shop, FakeBot(tls=None if wrong == "no-tls" else context) as bot:
        sound = shop.files.audio("/next.wav", audio.wav(NEXT, "ulaw"))
        shop.says(
            f'<Connect><Stream url="wss://{host}:{bot.port}/"'
            f' statusCallback="{shop.web.url("/stream")}"/></Connect><Play>{sound}</Play>'
        )
        async with call(stack.sip, shop.number) as phone:
            await phone.probe.wait_for(NEXT)
            await phone.hung_up()
        call_sid = await shop.call_sid()
        await shop.ended(call_sid)
        (event,) = await shop.stream_events(1)
        problems = await shop.problems(call_sid)
    assert event["StreamEvent"] == "stream-error"
    assert event["StreamError"].startswith("31910 ")
    assert [code for code, _ in problems] == [31910]
    (line,) = shop.log_lines(call_sid, 31910)
    assert "likely_cause=" in line
    assert not bot.connections
