"""Say's text to a playable sound: checked, spoken once, kept in the media cache."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from ari_app.errors import TwilioError
from ari_app.speech.engine import Plan, SpeechEngine, Utterance, Warnings
from ari_app.speech.plain import silence
from ari_app.speech.ssml import has_words, pauses, read
from ari_app.speech.voices import DEFAULT_VOICE, resolve

log = structlog.get_logger(__name__)

MAX_TEXT = 4096
"""Characters of one Say that are spoken; Twilio's limit is "a few thousand" (13521)."""
REST_SECONDS = 30.0
"""How long an engine that was away is not asked again while another can speak."""
AWAY = 12400
_NO_AUDIO = 13420
_LAYOUT = 2

Sound = TypeVar("Sound")
Sound_co = TypeVar("Sound_co", covariant=True)


class SoundCache(Protocol[Sound_co]):
    """Keeps sounds by key (the media cache)."""

    async def make(self, key: str, producer: Callable[[], Awaitable[bytes]]) -> Sound_co:
        """Return the sound of ``key``, made of the producer's audio if it is not there."""
        ...


@dataclass(frozen=True)
class Spoken(Generic[Sound]):
    """A sound and what Twilio would warn of: code and message each."""

    sound: Sound
    warnings: Warnings


class Speaker(Generic[Sound]):
    """Speaks through ``engine``; what is equal for the engine is made once.

    ``families`` are engines for the voices of one family (``basic``, ``polly``, ``google``).
    When an engine fails, ``fallback`` speaks, and the failure becomes a warning.
    """

    def __init__(
        self,
        engine: SpeechEngine,
        cache: SoundCache[Sound],
        *,
        families: Mapping[str, SpeechEngine] | None = None,
        fallback: SpeechEngine | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._cache = cache
        self._families = families or {}
        self._fallback = fallback
        self._clock = clock
        self._resting: dict[str, float] = {}

    async def say(
        self,
        text: str,
        voice: str | None = None,
        language: str | None = None,
        ssml: str | None = None,
    ) -> Spoken[Sound]:
        """Return ``text`` as a sound, or ``ssml``, a ``<speak>`` element of the same words.

        Warnings: 12200 values in the markup, 13511 and 13512 names that are replaced, 13521 text
        that is cut, and what made the engine give way to the fallback. Raises TwilioError: 13520
        when there is nothing to say, 12400 or the engine's refusal when no engine speaks.
        """
        text = " ".join(text.split())
        markup, warnings = read(ssml) if ssml else (None, ())
        if markup is not None and not has_words(markup):
            return Spoken(await self._silence(pauses(markup)), warnings)
        if not text:
            raise TwilioError(13520, "Say has no text")
        if len(text) > MAX_TEXT:
            warnings += ((13521, f"Say has {len(text)} characters; {MAX_TEXT} are spoken"),)
            text, markup = _cut(text), None
        who, doubts = resolve(voice or DEFAULT_VOICE, language or "")
        engine = self._families.get(who.family, self._engine)
        spoken = await self._speak(engine, Utterance(who, text, markup))
        return Spoken(spoken.sound, warnings + doubts + spoken.warnings)

    async def _speak(self, engine: SpeechEngine, utterance: Utterance) -> Spoken[Sound]:
        other = self._fallback
        if other is None or other.name == engine.name:
            return await self._make(engine, utterance)
        if self._clock() < self._resting.get(engine.name, 0.0):
            trouble = TwilioError(AWAY, f"{engine.name} failed a moment ago")
        else:
            try:
                return await self._make(engine, utterance)
            except TwilioError as error:
                trouble = error
                log.warning("speech.fallback", engine=engine.name, error=str(error))
                if error.code == AWAY:
                    self._resting[engine.name] = self._clock() + REST_SECONDS
        spoken = await self._make(other, utterance)
        told = (trouble.code, f"{trouble.message}; {other.name} speaks instead")
        return Spoken(spoken.sound, (told, *spoken.warnings))

    async def _make(self, engine: SpeechEngine, utterance: Utterance) -> Spoken[Sound]:
        plan = await engine.plan(utterance)
        if not any(isinstance(part, str) for part in plan.parts):
            seconds = sum(part for part in plan.parts if isinstance(part, float))
            return Spoken(await self._silence(seconds), plan.warnings)
        version = await engine.version()
        key = json.dumps(
            ["say", _LAYOUT, engine.name, version, plan.voice, plan.options, plan.parts]
        )
        return Spoken(await self._kept(key, engine, plan), plan.warnings)

    async def _kept(self, key: str, engine: SpeechEngine, plan: Plan) -> Sound:
        async def produce() -> bytes:
            return await engine.synthesize(plan)

        try:
            return await self._cache.make(key, produce)
        except TwilioError as error:
            if error.code != _NO_AUDIO:
                raise
            raise TwilioError(AWAY, f"{engine.name}: {error.message}") from error

    async def _silence(self, seconds: float) -> Sound:
        async def produce() -> bytes:
            return silence(seconds)

        return await self._cache.make(f"silence:{round(seconds, 2)}", produce)


def _cut(text: str) -> str:
    """Cut at the last space that fits, so that no half word is spoken."""
    head, space, _ = text[: MAX_TEXT + 1].rpartition(" ")
    return head if space else text[:MAX_TEXT]
