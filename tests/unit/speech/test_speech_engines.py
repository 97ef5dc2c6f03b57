"""Engines behind HTTP: what they are asked, what their failures mean, and who speaks instead."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import soundfile

from ari_app.errors import TwilioError
from ari_app.media import MediaCache, Sound
from ari_app.settings_load import SettingsError, load
from ari_app.speech import EspeakEngine, Plan, Speaker, SpeechEngine, Utterance
from ari_app.speech.aws_sign import AwsSigner
from ari_app.speech.openai import OpenAiEngine
from ari_app.speech.piper import PiperEngine
from ari_app.speech.polly import PollyEngine
from ari_app.testing.http_server import Answer
from ari_app.testing.speech_servers import FakeOpenAi, FakePiper, FakePolly
from ari_app.wiring.speech import make_speaker

SSML = '<speak>ab<break time="1s"/><say-as interpret-as="digits">12</say-as></speak>'
KEY, SECRET, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-central-1"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def cache(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[MediaCache]:
    cache = MediaCache(tmp_path, session, 50_000_000)
    yield cache
    await cache.close()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


class Tone:
    """An engine of which one can say how it fares."""

    def __init__(self, name: str = "tone", error: TwilioError | None = None) -> None:
        self.name = name
        self.error = error
        self.made: list[Plan] = []

    async def version(self) -> str:
        return "1"

    async def plan(self, utterance: Utterance) -> Plan:
        return Plan(utterance.voice.name, (utterance.text,), warnings=((13512, self.name),))

    async def synthesize(self, plan: Plan) -> bytes:
        self.made.append(plan)
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        out = io.BytesIO()
        soundfile.write(out, [0.1] * 1600, 8000, format="WAV")
        return out.getvalue()


def codes(warnings: tuple[tuple[int, str], ...]) -> list[int]:
    return [code for code, _ in warnings]


class TestOpenAi:
    async def test_words_and_silence_in_the_voice_of_the_table(
        self, session: aiohttp.ClientSession, cache: MediaCache
    ) -> None:
        async with FakeOpenAi("key") as server:
            engine = OpenAiEngine(
                session,
                f"{server.url}/v1/",
                key="key",
                model="kokoro",
                voices={"woman": "shimmer", "es": "fable"},
            )
            speaker = Speaker(engine, cache)
            spoken = await speaker.say("ab 1 2", "alice", "en-GB", SSML)
            assert server.asked == [
                {"model": "kokoro", "input": text, "voice": "shimmer", "response_format": "wav"}
                for text in ("ab", "1 2")
            ]
            assert spoken.warnings == ()
            assert 1.2 < spoken.sound.duration < 1.4  # 100 ms, a second's break, 150 ms
            await speaker.say("hola", "man", "es-AR")
            await speaker.say("hi")
            assert [asked["voice"] for asked in server.asked[2:]] == ["fable", "onyx"]

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (Answer('{"error": {"message": "bad input"}}', status=400), 13520),
            (Answer("no quota", status=429), 12400),
            (Answer("oops", status=500), 12400),
            (Answer(b""), 12400),
            (Answer('{"error": "with 200"}', content_type="application/json"), 12400),
            (Answer("this is no audio at all"), 12400),
            (Answer(drop=True), 12400),
            (Answer(delay=float("inf")), 12400),
        ],
    )
    async def test_failures(
        self, session: aiohttp.ClientSession, cache: MediaCache, answer: Answer, code: int
    ) -> None:
        async with FakeOpenAi() as server:
            server.answers.append(answer)
            patience = 1 if answer.delay else 30
            engine = OpenAiEngine(session, f"{server.url}/v1", timeout=patience)
            with pytest.raises(TwilioError) as caught:
                await Speaker(engine, cache).say("hi")
            assert caught.value.code == code
            engine = OpenAiEngine(session, f"{server.url}/v1")
            assert (await Speaker(engine, cache).say("hi")).sound.duration > 0  # nothing was kept

    async def test_a_server_that_is_away(self, session: aiohttp.ClientSession) -> None:
        engine = OpenAiEngine(session, "http://127.0.0.1:9/v1")
        with pytest.raises(TwilioError, match="cannot be asked"):
            await engine.synthesize(Plan("onyx", ("hi",)))

    async def test_a_wrong_key_does_not_show_the_key(self, session: aiohttp.ClientSession) -> None:
        async with FakeOpenAi("right") as server:
            engine = OpenAiEngine(session, f"{server.url}/v1", key="very-wrong")
            with pytest.raises(TwilioError, match="401") as caught:
                await engine.synthesize(Plan("onyx", ("hi",)))
            assert "very-wrong" not in str(caught.value)


class TestPiper:
    async def test_a_voice_that_speaks_the_language(
        self, session: aiohttp.ClientSession, cache: MediaCache
    ) -> None:
        async with FakePiper() as server:
            engine = PiperEngine(session, server.url, voices={"man": "en_US-ryan-high"})
            speaker = Speaker(engine, cache)
            ways = [("man", ""), ("woman", ""), ("woman", "de-AT"), ("Polly.Hans", "")]
            spoken = [await speaker.say("hi", *way) for way in ways]
            assert [asked["voice"] for asked in server.asked] == [
                "en_US-ryan-high",
                "en_US-amy-low",
                "de_DE-thorsten-medium",
            ]
            assert [one.warnings for one in spoken] == [()] * 4
            assert server.listed == 1

    async def test_what_it_has_not_is_told(
        self, session: aiohttp.ClientSession, cache: MediaCache
    ) -> None:
        async with FakePiper() as server:
            engine = PiperEngine(session, server.url, voices={"es": "es_ES-gone-low"})
            spoken = await Speaker(engine, cache).say("hola [[x]]", "man", "es-ES")
            assert codes(spoken.warnings) == [13511, 13512]
            assert server.asked == [{"text": "hola   x  ", "voice": "de_DE-thorsten-medium"}]

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9", ""])
    async def test_a_server_that_is_away_or_no_piper(
        self, session: aiohttp.ClientSession, cache: MediaCache, url: str
    ) -> None:
        async with FakeOpenAi() as server:
            with pytest.raises(TwilioError) as caught:
                await Speaker(PiperEngine(session, url or server.url), cache).say("hi")
            assert caught.value.code == 12400


@pytest.mark.usefixtures("credentials")
class TestPolly:
    def engine(self, session: aiohttp.ClientSession, server: FakePolly) -> PollyEngine:
        return PollyEngine(session, REGION, AwsSigner("polly", REGION), endpoint=server.url)

    async def test_its_own_voices_with_markup_signed(
        self, session: aiohttp.ClientSession, cache: MediaCache
    ) -> None:
        async with FakePolly(KEY, SECRET, REGION) as server:
            speaker = Speaker(self.engine(session, server), cache)
            spoken = await speaker.say("ab 1 2", "Polly.Joanna-Neural", None, SSML)
            (asked,) = server.asked
            assert asked["Text"] == (
                '<speak>ab<break time="1000ms"/><say-as interpret-as="digits">12</say-as></speak>'
            )
            assert (asked["VoiceId"], asked["Engine"]) == ("Joanna", "neural")
            assert asked["TextType"] == "ssml"
            assert 0.1 < spoken.sound.duration < 0.3
            await speaker.say("hallo", "woman", "de-DE")
            await speaker.say("hi", "Polly.Kevin")
            assert [(a["VoiceId"], a["Engine"], a["TextType"]) for a in server.asked[1:]] == [
                ("Marlene", "standard", "text"),
                ("Kevin", "neural", "text"),
            ]

    async def test_long_text_is_asked_for_in_parts(
        self, session: aiohttp.ClientSession, cache: MediaCache
    ) -> None:
        async with FakePolly(KEY, SECRET, REGION) as server:
            speaker = Speaker(self.engine(session, server), cache)
            text = "A sentence of words. " * 190
            marked = f"<speak><s>{text}</s></speak>"
            assert codes((await speaker.say(text, "Polly.Amy", None, marked)).warnings) == [13521]
            assert [len(asked["Text"]) for asked in server.asked] == [2897, 1091]

    async def test_a_language_it_has_not_is_told(
        self, session: aiohttp.ClientSession, cache: MediaCache
    ) -> None:
        async with FakePolly(KEY, SECRET, REGION) as server:
            spoken = await Speaker(self.engine(session, server), cache).say("hi", "man", "sw-KE")
            assert codes(spoken.warnings) == [13512]
            assert server.asked[0]["VoiceId"] == "Joey"

    async def test_its_refusals_have_twilios_codes(self, session: aiohttp.ClientSession) -> None:
        async with FakePolly(KEY, SECRET, REGION) as server:
            engine = self.engine(session, server)
            for plan, code in (
                (Plan("Amy", ("hi",), ("generative", "text")), 13511),
                (Plan("Amy", ("<speak>hi",), ("standard", "ssml")), 13520),
                (Plan("Amy", ("x" * 3001,), ("standard", "text")), 13521),
            ):
                with pytest.raises(TwilioError) as caught:
                    await engine.synthesize(plan)
                assert caught.value.code == code

    async def test_a_wrong_secret_is_refused(
        self, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        async with FakePolly(KEY, SECRET, REGION) as server:
            with pytest.raises(TwilioError, match="403") as caught:
                await self.engine(session, server).synthesize(
                    Plan("Amy", ("hi",), ("standard", "text"))
                )
            assert caught.value.code == 12400
            assert server.asked == []


class TestFallback:
    async def test_another_engine_speaks_and_the_failure_is_told(self, cache: MediaCache) -> None:
        first, second = Tone("first", TwilioError(12400, "away")), Tone("second")
        now = 0.0
        speaker = Speaker(first, cache, fallback=second, clock=lambda: now)
        spoken = await speaker.say("hi")
        assert spoken.warnings == ((12400, "away; second speaks instead"), (13512, "second"))
        assert codes((await speaker.say("ho")).warnings) == [12400, 13512]
        assert len(first.made) == 1  # not asked again at once
        now = 31.0
        first.error = None
        assert (await speaker.say("hi")).warnings == ((13512, "first"),)
        assert len(second.made) == 2

    async def test_a_refusal_is_of_one_text_only(self, cache: MediaCache) -> None:
        first, second = Tone("first", TwilioError(13520, "odd text")), Tone("second")
        speaker = Speaker(first, cache, fallback=second)
        assert codes((await speaker.say("hi")).warnings) == [13520, 13512]
        first.error = None
        assert codes((await speaker.say("ho")).warnings) == [13512]

    async def test_without_a_fallback_the_failure_is_the_callers(self, cache: MediaCache) -> None:
        for fallback in (None, Tone("first")):
            first = Tone("first", TwilioError(12400, "away"))
            with pytest.raises(TwilioError, match="away"):
                await Speaker(first, cache, fallback=fallback).say("hi")

    async def test_a_family_has_an_engine_of_its_own(self, cache: MediaCache) -> None:
        usual, polly = Tone("usual"), Tone("polly")
        speaker = Speaker(usual, cache, families={"polly": polly})
        await speaker.say("hi", "Polly.Joanna")
        await speaker.say("hi", "woman")
        assert [len(engine.made) for engine in (usual, polly)] == [1, 1]


class TestKeeping:
    async def test_two_calls_at_once_have_it_made_once(self, cache: MediaCache) -> None:
        engine = Tone()
        speaker = Speaker(engine, cache)
        first, second = await asyncio.gather(speaker.say("hi"), speaker.say("hi"))
        assert first == second
        assert len(engine.made) == 1

    async def test_engine_voice_language_and_markup_are_told_apart(self, cache: MediaCache) -> None:
        engines: list[SpeechEngine] = [EspeakEngine(), Tone()]
        ways = [
            ("hi", "man", "en-US", None),
            ("hi", "woman", "en-US", None),
            ("hi", "man", "de-DE", None),
            ("hi", "man", "en-US", "<speak><prosody rate='slow'>hi</prosody></speak>"),
            ("ho", "man", "en-US", None),
        ]
        sounds: set[str] = set()
        for way in ways:
            sounds.add((await Speaker(engines[0], cache).say(*way)).sound.path)
        assert len(sounds) == len(ways)
        sounds.add((await Speaker(engines[1], cache).say(*ways[0])).sound.path)
        assert len(sounds) == len(ways) + 1

    @pytest.mark.parametrize(
        ("ssml", "seconds"),
        [
            ('<speak><break time="1.5s"/> <break time="500ms"/></speak>', 2.0),
            ('<speak><break strength="none"/></speak>', 0.02),
            ("<speak>" + '<break time="10s"/>' * 1000 + "</speak>", 500.0),
            ('<speak><say-as interpret-as="expletive">x</say-as></speak>', 0.02),
        ],
    )
    async def test_nothing_but_breaks_is_silence(
        self, cache: MediaCache, ssml: str, seconds: float
    ) -> None:
        engine = EspeakEngine()
        spoken = await Speaker(engine, cache).say("" if "break" in ssml else "x", "man", None, ssml)
        assert spoken.sound.duration == seconds
        assert silent(spoken.sound)

    async def test_breaks_of_espeak_are_exact(self, cache: MediaCache) -> None:
        speaker = Speaker(EspeakEngine(), cache)
        marked = '<speak><break time="2s"/>one <break time="3s"/>two</speak>'
        spoken = await speaker.say("one two", "man", None, marked)
        plain = await speaker.say("one two")
        assert 4.5 < spoken.sound.duration - plain.sound.duration < 5.5


class TestSettings:
    """What the settings say is what speaks."""

    async def test_engines_families_and_fallback(self, cache: MediaCache) -> None:
        async with FakeOpenAi("k") as openai, FakePiper("en_US-x-low") as piper:
            environ = {
                "ARISWITCH_SPEECH_ENGINE": "openai",
                "ARISWITCH_SPEECH_FAMILIES": "polly=piper, google = espeak",
                "ARISWITCH_SPEECH_FALLBACK": "piper",
                "ARISWITCH_OPENAI_SPEECH_URL": f"{openai.url}/v1",
                "ARISWITCH_OPENAI_SPEECH_KEY": "k",
                "ARISWITCH_OPENAI_SPEECH_VOICES": "woman=echo",
                "ARISWITCH_PIPER_URL": piper.url,
            }
            async with AsyncExitStack() as stack:
                speaker = await make_speaker(stack, load(environ=environ).settings, cache)
                await speaker.say("one", "woman")
                await speaker.say("two", "Polly.Joanna")
                await speaker.say("three", "Google.en-US-Wavenet-A")
                openai.answers.append(Answer(status=503))
                await speaker.say("four")
            assert [(asked["input"], asked["voice"]) for asked in openai.asked] == [
                ("one", "echo"),
                ("four", "onyx"),
            ]
            assert [asked["text"] for asked in piper.asked] == ["two", "four"]

    @pytest.mark.parametrize("value", ["polly", "polly=", "polly=festival", "cepstral=espeak"])
    def test_bad_families_are_refused(self, value: str) -> None:
        with pytest.raises(SettingsError, match="SPEECH_FAMILIES"):
            load(environ={"ARISWITCH_SPEECH_FAMILIES": value})


def silent(sound: Sound) -> bool:
    return set(Path(sound.path + ".ulaw").read_bytes()) == {0xFF}
