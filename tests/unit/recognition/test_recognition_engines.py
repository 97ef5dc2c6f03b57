"""The embedded engine on real words, and the HTTP engine against a server."""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
import wave
from collections.abc import AsyncIterator

import aiohttp
import numpy as np
import pytest
import soundfile
import soxr
from aiohttp import web

from ari_app.recognition.engine import Engine, Heard, RecognitionError
from ari_app.recognition.grammar import grammar, words
from ari_app.recognition.hearing import pcm_of
from ari_app.recognition.messages import Wanted
from ari_app.recognition.openai import OpenAiEngine
from ari_app.recognition.sphinx import SphinxEngine
from ari_app.testing import audio

needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")


def spoken(text: str) -> bytes:
    """Words as PCM of a telephone."""
    made = subprocess.run(
        ["espeak-ng", "-v", "en-us", "-s", "130", "--stdout", text], capture_output=True, check=True
    ).stdout
    samples, rate = soundfile.read(io.BytesIO(made), dtype="float32")
    narrow = soxr.resample(samples, rate, 8000)
    codes = audio.encode((narrow / np.abs(narrow).max() * 12000).astype(np.int16), "ulaw")
    return pcm_of(b"\xff" * 2400 + codes + b"\xff" * 4000)


async def heard(engine: Engine, wanted: Wanted, pcm: bytes) -> tuple[Heard, list[str]]:
    ear = engine.open(wanted)
    try:
        await ear.begin()
        partials = [await ear.feed(pcm[at : at + 3200]) for at in range(0, len(pcm), 3200)]
        return await ear.end(), partials
    finally:
        ear.close()


@needs_voice
async def test_hinted_words_are_understood_again_and_again() -> None:
    engine = SphinxEngine(1)
    wanted = Wanted(hints=("yes", "No.", "operator", "xqzzt"), partials=True)
    for said in ("yes", "operator", "no", "yes"):
        result, partials = await heard(engine, wanted, spoken(said))
        await asyncio.sleep(0)
        assert said in result.text
        assert result.confidence is not None
        assert 0 <= result.confidence <= 1
        assert any(partials)


@needs_voice
async def test_numbers_are_expected_when_the_model_says_so() -> None:
    result, _ = await heard(SphinxEngine(1), Wanted(numbers=True), spoken("one"))
    assert result.text == "one"


@needs_voice
async def test_dictation_gives_some_words() -> None:
    """How good they are is said in the documents; here only that the way is whole."""
    result, _ = await heard(SphinxEngine(1), Wanted(), spoken("good morning"))
    assert result.text


async def test_it_is_bounded_and_knows_english_only() -> None:
    engine = SphinxEngine(1)
    with pytest.raises(RecognitionError) as caught:
        engine.open(Wanted(language="de-DE"))
    assert caught.value.code == 13331
    ear = engine.open(Wanted(language="en-GB"))
    with pytest.raises(RecognitionError) as caught:
        engine.open(Wanted())
    assert caught.value.code == 13340
    ear.close()
    ear.close()
    await asyncio.sleep(0.01)
    engine.open(Wanted()).close()


def test_a_grammar_of_what_can_be_pronounced() -> None:
    known = {"yes", "room", "two", "one"}.__contains__
    assert grammar(["Yes!", "room 2", "xyzzy", "yes"], known) == (
        "#JSGF V1.0; grammar hints; public <hints> = ( yes | room two )+;"
    )
    assert grammar(["xyzzy", ""], known) is None
    made = grammar(["$OOV_CLASS_DIGIT_SEQUENCE"], known)
    assert made is not None
    assert "( one | two )+" in made
    assert words("It's 42; grammar <x> = {y}") == ["it's", "four", "two", "grammar", "x", "y"]


class Server:
    """A transcription server that answers with what it is told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.sounds: list[bytes] = []
        self.answer: web.Response | None = None
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        self.sounds.append(file.file.read())
        self.asked.append({key: str(form[key]) for key in form if key != "file"})
        self.asked[-1]["auth"] = request.headers.get("Authorization", "")
        return self.answer or web.json_response(
            {"text": " Hello there. ", "segments": [{"avg_logprob": -0.1}, {"avg_logprob": -0.3}]}
        )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_post("/v1/audio/transcriptions", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


async def test_a_server_is_asked_once_an_utterance(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{server.port}/v1/"
        engine = OpenAiEngine(session, url, key="secret", model="tiny")
        pcm = bytes(range(250)) * 64
        result, partials = await heard(engine, Wanted(language="es-MX", hints=("a", "b")), pcm)
    assert result.text == "Hello there."
    assert result.confidence == pytest.approx(np.exp(-0.2))
    assert not any(partials)
    assert server.asked == [
        {
            "model": "tiny",
            "response_format": "verbose_json",
            "language": "es",
            "prompt": "a, b",
            "auth": "Bearer secret",
        }
    ]
    with wave.open(io.BytesIO(server.sounds[0])) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        assert file.readframes(10**6) == pcm


async def test_answers_without_segments_have_no_confidence(server: Server) -> None:
    server.answer = web.json_response({"text": "ok"})
    async with aiohttp.ClientSession() as session:
        engine = OpenAiEngine(session, f"http://127.0.0.1:{server.port}/v1")
        assert (await heard(engine, Wanted(), b""))[0] == Heard("ok", None)


@pytest.mark.parametrize(
    "answer", [web.Response(status=500, text="oh"), web.Response(text="no json"), None]
)
async def test_a_server_in_trouble_is_degraded_speech(
    server: Server, answer: web.Response | None
) -> None:
    server.answer = answer
    port = server.port if answer else 1
    async with aiohttp.ClientSession() as session:
        engine = OpenAiEngine(session, f"http://127.0.0.1:{port}/v1", timeout=5)
        with pytest.raises(RecognitionError) as caught:
            await heard(engine, Wanted(), b"")
    assert caught.value.code == 13340
