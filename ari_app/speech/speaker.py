"""Say's text to a playable sound: checked, spoken once, kept in the media cache."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ari_app.errors import TwilioError
from ari_app.speech.engine import SpeechEngine, Warnings
from ari_app.speech.voices import DEFAULT_LANGUAGE, DEFAULT_VOICE

MAX_TEXT = 4096
"""Characters of one Say that are spoken; Twilio's limit is "a few thousand" (13521)."""

Sound = TypeVar("Sound")
Sound_co = TypeVar("Sound_co", covariant=True)


class SoundCache(Protocol[Sound_co]):
    """Keeps sounds by key (the media cache)."""

    async def make(self, key: str, producer: Callable[[], Awaitable[bytes]]) -> Sound_co:
        """Return the sound of ``key``, made of the producer's WAV bytes if it is not there."""
        ...


@dataclass(frozen=True)
class Spoken(Generic[Sound]):
    """A sound and what Twilio would warn of: code and message each."""

    sound: Sound
    warnings: Warnings


class Speaker(Generic[Sound]):
    """Speaks through ``engine``; equal text in an equal voice is made once."""

    def __init__(self, engine: SpeechEngine, cache: SoundCache[Sound]) -> None:
        self._engine = engine
        self._cache = cache

    async def say(
        self, text: str, voice: str | None = None, language: str | None = None
    ) -> Spoken[Sound]:
        """Return ``text`` as a sound, with warnings 13511, 13512 and 13521 where they apply.

        Raises TwilioError: 13520 when there is nothing to say, 12400 when the engine fails.
        """
        text = " ".join(text.split())
        if not text:
            raise TwilioError(13520, "Say has no text")
        voice = voice or DEFAULT_VOICE
        language = language or DEFAULT_LANGUAGE
        warnings = await self._engine.check(voice, language)
        if len(text) > MAX_TEXT:
            warnings += ((13521, f"Say has {len(text)} characters; {MAX_TEXT} are spoken"),)
            text = _cut(text)
        version = await self._engine.version()
        key = json.dumps(["say", self._engine.name, version, voice, language, text])

        async def produce() -> bytes:
            return await self._engine.synthesize(text, voice, language)

        return Spoken(await self._cache.make(key, produce), warnings)


def _cut(text: str) -> str:
    """Cut at the last space that fits, so that no half word is spoken."""
    head, space, _ = text[: MAX_TEXT + 1].rpartition(" ")
    return head if space else text[:MAX_TEXT]
