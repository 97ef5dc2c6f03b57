"""The examples do what their text says, and the scenarios' audio is what its maker makes."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import io
import json
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
import soundfile
import websockets
from aiohttp import web

import twiml
from ari_app.testing import audio
from ari_app.testing.http_server import Answer, FakeApp
from ari_app.testing.rtp import Law

ROOT = Path(__file__).resolve().parents[3]
AUDIO = ROOT / "scenarios" / "audio"


def load(path: str) -> ModuleType:
    """Import a file that is part of no package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_voice_bot_answers_with_its_stream_and_echoes_a_second_later() -> None:
    runner = web.AppRunner(load("examples/voice_bot.py").app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"127.0.0.1:{runner.addresses[0][1]}"
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"http://{base}/voice", data={"CallSid": "CA1"}) as answer,
    ):
        document = twiml.interpret(answer.content_type, await answer.read(), str(answer.url))
    connect = document.verbs[0]
    assert isinstance(connect, twiml.Connect)
    assert connect.stream.url == f"ws://{base}/stream"
    async with websockets.connect(connect.stream.url) as socket:
        await socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        frames = [base64.b64encode(bytes([n]) * 160).decode() for n in range(51)]
        for frame in frames:
            media = {"event": "media", "streamSid": "MZ1", "media": {"payload": frame}}
            await socket.send(json.dumps(media))
        first = json.loads(await socket.recv())
        assert first == {"event": "media", "streamSid": "MZ1", "media": {"payload": frames[0]}}
        await socket.send('{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"1"}}')
        await socket.wait_closed()
        assert socket.close_code == 1000
    await runner.cleanup()


async def test_the_outbound_example_posts_to_the_other_base_url(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sid = "CA" + "0" * 32
    body = json.dumps({"sid": sid, "status": "queued"})
    async with FakeApp() as server:
        server.answer("/2010-04-01/Accounts/AC1/Calls.json", Answer(body, 201, "application/json"))
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC1")
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", "secret")
        monkeypatch.setenv("TWILIO_API_URL", server.url("/"))
        example = load("examples/outbound_call.py")
        await asyncio.to_thread(example.main, "+15559000", "http://bot/voice")
        request = server.requests[0]
    assert request.form["To"] == "+15559000"
    assert request.form["Url"] == "http://bot/voice"
    assert capsys.readouterr().out.split() == [sid, "queued"]


@pytest.mark.parametrize(
    ("wav", "raw", "law"), [("tone.wav", "tone.al", "alaw"), ("tone-ulaw.wav", "tone.ul", "ulaw")]
)
def test_the_tones_wav_encodes_to_exactly_the_raw_file(wav: str, raw: str, law: Law) -> None:
    codes = (AUDIO / raw).read_bytes()
    assert len(codes) % 160 == 0
    assert codes == audio.tone_codes(2.0, law=law)
    samples, rate = soundfile.read(io.BytesIO((AUDIO / wav).read_bytes()), dtype="int16")
    assert rate == 8000
    assert audio.encode(samples, law) == codes
