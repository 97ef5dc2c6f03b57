"""Say by the real espeak-ng: it speaks, it warns, it is not fooled and it does not hang."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ari_app.errors import TwilioError
from ari_app.media import MediaCache, Sound, g711
from ari_app.speech import EspeakEngine, Plan, Speaker, Utterance
from ari_app.speech.espeak_voices import choose
from ari_app.speech.voices import resolve

pytestmark = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng not installed")


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[MediaCache]:
    async with aiohttp.ClientSession() as session:
        cache = MediaCache(tmp_path, session, 50_000_000)
        yield cache
        await cache.close()


@pytest.fixture
def engine() -> EspeakEngine:
    return EspeakEngine()


@pytest.fixture
def speaker(engine: EspeakEngine, cache: MediaCache) -> Speaker[Sound]:
    return Speaker(engine, cache)


def heard(sound: Sound) -> NDArray[Any]:
    return g711.ulaw_decode(Path(sound.path + ".ulaw").read_bytes()) / 32768


def energy(samples: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(samples**2)))


class TestSpeech:
    async def test_a_sentence_is_heard_for_as_long_as_it_takes(
        self, speaker: Speaker[Sound]
    ) -> None:
        spoken = await speaker.say("Hello, this is a test of the telephone system.")
        samples = heard(spoken.sound)
        assert spoken.warnings == ()
        assert 2 < spoken.sound.duration < 6
        assert energy(samples) > 0.02
        assert np.max(np.abs(samples)) < 0.95  # not clipped

    async def test_longer_text_takes_longer(self, speaker: Speaker[Sound]) -> None:
        short = await speaker.say("One.")
        long = await speaker.say("One. Two. Three. Four. Five. Six.")
        assert long.sound.duration > 2 * short.sound.duration

    async def test_voices_and_languages_sound_different(self, speaker: Speaker[Sound]) -> None:
        ways = [("man", "en-US"), ("woman", "en-US"), ("man", "de-DE"), ("Polly.Camila", "pt-BR")]
        spoken = [await speaker.say("Information", *way) for way in ways]
        assert [one.warnings for one in spoken] == [()] * 4
        assert len({heard(one.sound).tobytes() for one in spoken}) == 4

    async def test_the_same_text_is_spoken_once(self, cache: MediaCache) -> None:
        class Counting(EspeakEngine):
            utterances = 0

            async def synthesize(self, plan: Plan) -> bytes:
                self.utterances += 1
                return await super().synthesize(plan)

        engine = Counting()
        speaker = Speaker(engine, cache)
        first = await speaker.say("Welcome back.")
        assert await speaker.say("Welcome  back.\n") == first
        assert engine.utterances == 1
        await speaker.say("Welcome back.", "woman")
        assert engine.utterances == 2


class TestWarnings:
    """Contract §1.5: 13511, 13512, 13520, 13521."""

    async def test_unknown_voice_and_language_speak_with_the_defaults(
        self, speaker: Speaker[Sound]
    ) -> None:
        spoken = await speaker.say("Hi", "Polly.Nobody", "xx-YY")
        assert [code for code, _ in spoken.warnings] == [13511, 13512]
        default = await speaker.say("Hi")
        assert heard(spoken.sound).tobytes() == heard(default.sound).tobytes()

    async def test_warnings_come_with_cached_speech_too(self, speaker: Speaker[Sound]) -> None:
        assert (await speaker.say("Hi", "bob")) == (await speaker.say("Hi", "bob"))

    @pytest.mark.parametrize("text", ["", "  \n\t "])
    async def test_no_text_is_13520(self, speaker: Speaker[Sound], text: str) -> None:
        with pytest.raises(TwilioError) as caught:
            await speaker.say(text)
        assert caught.value.code == 13520

    async def test_too_long_text_is_cut_at_a_word(self, cache: MediaCache) -> None:
        class Listening(EspeakEngine):
            text = ""

            async def synthesize(self, plan: Plan) -> bytes:
                self.text = str(plan.parts[0])
                return await super().synthesize(Plan(plan.voice, ("cut",)))

        engine = Listening()
        spoken = await Speaker(engine, cache).say("twelve " * 1000)
        assert [code for code, _ in spoken.warnings] == [13521]
        assert len(engine.text) <= 4096
        assert engine.text.endswith(" twelve")


class TestHostileText:
    @pytest.mark.parametrize(
        "text",
        ["-v de --stdout", "--version", "-f /etc/passwd", "$(id) `id` ; id", "\x01100S hi\0"],
    )
    async def test_text_is_never_an_option_or_a_command(
        self, engine: EspeakEngine, text: str
    ) -> None:
        plan = await engine.plan(Utterance(resolve("man", "en-US")[0], text))
        wav = await engine.synthesize(plan)
        samples, rate = soundfile.read(io.BytesIO(wav))
        assert rate == 22050
        assert energy(samples) > 0.005

    async def test_any_script_is_accepted(self, speaker: Speaker[Sound]) -> None:
        for text in ("你好", "مرحبا", "🙂🙂", "...", "\ud800", "<break time='1s'/> & <"):
            assert (await speaker.say(text)).sound.duration > 0

    @given(voice=st.text(max_size=30), language=st.text(max_size=30))
    def test_names_never_reach_the_command_line(self, voice: str, language: str) -> None:
        known = frozenset({"en-us", "de", "es-419"})
        name, variant = choose(resolve(voice, language)[0], known)[0].split("+")
        assert name in known
        assert variant in {"m3", "f2", "f3"}


class TestFailures:
    async def test_a_missing_engine_is_a_clear_error(self, cache: MediaCache) -> None:
        with pytest.raises(TwilioError, match="cannot run no-such-espeak"):
            await Speaker(EspeakEngine("no-such-espeak"), cache).say("Hi")

    async def test_an_engine_that_hangs_is_killed(self, tmp_path: Path) -> None:
        program, pid = hanging(tmp_path)
        with pytest.raises(TwilioError, match="within 1 s"):
            await EspeakEngine(program, timeout=1).version()
        assert not alive(await pid)

    async def test_cancelling_kills_the_engine(self, tmp_path: Path) -> None:
        program, pid = hanging(tmp_path)
        task = asyncio.create_task(EspeakEngine(program).version())
        number = await pid
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not alive(number)


def hanging(folder: Path) -> tuple[str, asyncio.Task[str]]:
    """A program that tells its process id and then neither reads nor ends."""
    fifo = folder / "pid"
    os.mkfifo(fifo)
    program = folder / "hang"
    program.write_text(f"#!/bin/sh\necho $$ > {fifo}\nexec sleep 600\n")
    program.chmod(0o755)
    return str(program), asyncio.create_task(asyncio.to_thread(fifo.read_text))


def alive(pid: str) -> bool:
    return Path(f"/proc/{pid.strip()}").exists()


@pytest.mark.parametrize(
    ("voice", "language", "expected"),
    [
        ("", "", "en-us+m3"),
        ("alice", "en-GB", "en-gb+f3"),
        ("woman", "en-AU", "en-gb+f2"),
        ("man", "fr-CA", "fr-fr+m3"),
        ("man", "es-AR", "es-419+m3"),
        ("man", "zh-CN", "cmn+m3"),
        ("Polly.Hans", "", "de+m3"),
        ("polly.joanna-neural", "en-US", "en-us+f2"),
        ("Polly.Matthew-Generative", "en-US", "en-us+m3"),
        ("Google.de-DE-Wavenet-B", "en-US", "de+m3"),
        ("Google.es-US-Chirp3-HD-Aoede", "es-US", "es-419+f2"),
    ],
)
async def test_twilios_names_find_the_nearest_voice(
    engine: EspeakEngine, voice: str, language: str, expected: str
) -> None:
    who, warnings = resolve(voice, language)
    assert warnings == ()
    assert (await engine.plan(Utterance(who, "x"))).voice == expected
