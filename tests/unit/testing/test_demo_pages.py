"""The demo's documents and its echo bot, spoken to as the switch would."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import websockets
from aiohttp import web

import twiml
from ari_app.demo import DEMO_NUMBERS, demo_numbers, demo_routes

STREAM = "MZ" + "0" * 32
START = {
    "event": "start",
    "sequenceNumber": "1",
    "start": {
        "accountSid": "AC" + "0" * 32,
        "streamSid": STREAM,
        "callSid": "CA" + "0" * 32,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"delay": "40"},
    },
    "streamSid": STREAM,
}


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(demo_routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def bot(base_url: str) -> AsyncIterator[websockets.ClientConnection]:
    url = base_url.replace("http", "ws", 1) + "/demo/echo"
    async with websockets.connect(url) as socket:
        await say(socket, {"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await say(socket, START)
        yield socket


async def say(socket: websockets.ClientConnection, message: dict[str, Any]) -> None:
    await socket.send(json.dumps(message))


async def speak(socket: websockets.ClientConnection, frame: bytes) -> None:
    payload = base64.b64encode(frame).decode()
    await say(socket, {"event": "media", "streamSid": STREAM, "media": {"payload": payload}})


async def press(socket: websockets.ClientConnection, digit: str) -> None:
    await say(socket, {"event": "dtmf", "streamSid": STREAM, "dtmf": {"digit": digit}})


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_every_demo_number_has_a_valid_document(base_url: str, method: str) -> None:
    async with aiohttp.ClientSession() as client:
        for number in demo_numbers(base_url, "AC" + "0" * 32):
            async with client.request(method, number.voice_url) as answer:
                assert answer.status == 200
                document = twiml.interpret(
                    answer.content_type, await answer.read(), number.voice_url
                )
            assert document.verbs
            assert document.warnings == ()


def test_demo_numbers_keep_their_sids() -> None:
    one, two = (demo_numbers("http://x/", "AC1") for _ in range(2))
    assert [n.sid for n in one] == [n.sid for n in two]
    assert {n.phone_number for n in one} == set(DEMO_NUMBERS)
    assert one[0].voice_url == "http://x/demo/voice/echo"


@pytest.mark.parametrize(("proto", "scheme"), [("http", "ws"), ("https", "wss")])
async def test_the_stream_goes_to_the_host_the_switch_asked(
    base_url: str, proto: str, scheme: str
) -> None:
    headers = {"X-Forwarded-Proto": proto, "Host": "bot.example.com"}
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{base_url}/demo/voice/echo", headers=headers) as answer,
    ):
        assert f'url="{scheme}://bot.example.com/demo/echo"' in await answer.text()


async def test_the_tune_is_a_wav(base_url: str) -> None:
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{base_url}/demo/tune.wav") as answer,
    ):
        assert answer.content_type == "audio/wav"
        assert (await answer.read())[:4] == b"RIFF"


async def test_the_echo_bot_returns_audio_after_its_delay_in_order(
    bot: websockets.ClientConnection,
) -> None:
    frames = [bytes([number]) * 160 for number in range(5)]
    for frame in frames:
        await speak(bot, frame)
    cushion = json.loads(await bot.recv())
    assert set(base64.b64decode(cushion["media"]["payload"])) == {0xFF}
    for frame in frames[:3]:
        message = json.loads(await bot.recv())
        assert (message["event"], message["streamSid"]) == ("media", STREAM)
        assert base64.b64decode(message["media"]["payload"]) == frame


async def test_the_echo_bot_marks_each_second(bot: websockets.ClientConnection) -> None:
    for _ in range(52):
        await speak(bot, bytes(160))
    messages = [json.loads(await bot.recv()) for _ in range(52)]
    assert messages[-1] == {"event": "mark", "streamSid": STREAM, "mark": {"name": "second 1"}}


async def test_star_clears_and_pound_closes_and_the_counts_stay(
    bot: websockets.ClientConnection, base_url: str
) -> None:
    await press(bot, "*")
    assert json.loads(await bot.recv()) == {"event": "clear", "streamSid": STREAM}
    await press(bot, "#")
    await bot.wait_closed()
    assert bot.close_code == 1000
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{base_url}/demo/echo/last") as answer,
    ):
        counts = await answer.json()
    assert counts["received"] == {"connected": 1, "start": 1, "dtmf": 2}
    assert counts["sent"] == {"clear": 1}


@pytest.mark.parametrize("garbage", ["{", "[]", "1", '{"event":"media"}', b"\x00"])
async def test_garbage_ends_the_bot_quietly(
    bot: websockets.ClientConnection, garbage: str | bytes
) -> None:
    await bot.send(garbage)
    await bot.wait_closed()
    assert bot.close_code == 1000
