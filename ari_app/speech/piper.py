"""Speech by Piper's own HTTP server (``python -m piper.http_server``, PyPI ``piper-tts``).

Piper is GPL, loads a model for seconds and keeps a core busy while it speaks: as a server of its
own it can be anywhere and take nothing with it. Source: piper-tts 1.8, ``http_server.py``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import aiohttp
import msgspec

from ari_app.errors import TwilioError
from ari_app.speech.engine import Plan, Utterance, Warnings
from ari_app.speech.http_engine import HttpEngine
from ari_app.speech.plain import plain_parts, spoken
from ari_app.speech.voice_map import VoiceMap
from ari_app.speech.voices import Voice, base

MAX_TEXT = 4096
_VOICES_SECONDS = 300.0
"""How long the server's list of voices is believed."""


class _Espeak(msgspec.Struct):
    voice: str = ""


class _Config(msgspec.Struct):
    """The part of a model's configuration that says what it speaks."""

    espeak: _Espeak = msgspec.field(default_factory=_Espeak)


class PiperEngine:
    """``url`` is the server's. ``voices`` see ``VoiceMap``; without a fitting row, the first of
    the server's voices with that language speaks: Piper's names do not tell men from women."""

    name = "piper"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        voices: Mapping[str, str] | None = None,
        timeout: float = 15.0,
    ) -> None:
        self._http = HttpEngine(self.name, session, timeout)
        self._url = url.rstrip("/")
        self._voices = VoiceMap(voices or {})
        self._known: dict[str, str] = {}
        self._asked = float("-inf")

    async def version(self) -> str:
        """The name of a model says its version."""
        return ""

    async def plan(self, utterance: Utterance) -> Plan:
        """Choose a voice; markup becomes words and silence.

        Warns with 13512 when no voice has the language, 13511 when the table names a voice that
        the server has not. Raises TwilioError 12400 when the server is away.
        """
        known = await self._list()
        voice, warnings = self._choose(utterance.voice, known)
        parts = tuple(
            # Piper takes [[...]] for phonemes.
            part.replace("[", " ").replace("]", " ") if isinstance(part, str) else part
            for part in plain_parts(utterance, MAX_TEXT)
        )
        return Plan(voice, parts, (self._url,), warnings)

    async def synthesize(self, plan: Plan) -> bytes:
        """Return a WAV. Raises TwilioError 12400."""

        async def say(text: str) -> bytes:
            body = {"text": text, "voice": plan.voice}
            return await self._http.audio(f"{self._url}/synthesize", body, {})

        return await spoken(plan.parts, say)

    def _choose(self, voice: Voice, known: dict[str, str]) -> tuple[str, Warnings]:
        warnings: list[tuple[int, str]] = []
        wanted = self._voices.find_language(voice)
        if wanted and wanted not in known:
            warnings.append((13511, f"Piper has no voice {wanted!r}"))
            wanted = ""
        if not wanted:
            wanted = self._speaking(voice, known)
        if not wanted:
            warnings.append((13512, f"no voice of Piper speaks {voice.language[:100]!r}"))
            wanted = self._voices.find(voice)
        return (wanted if wanted in known else next(iter(known))), tuple(warnings)

    def _speaking(self, voice: Voice, known: dict[str, str]) -> str:
        """The gender's own voice if it has the language, else the first that has it."""
        language = voice.language.lower()
        near = [name for name, tag in known.items() if base(tag) == base(language)]
        own = self._voices.find(voice)
        if own in near:
            return own
        same = [name for name in near if known[name].lower() == language]
        return next(iter(same or near), "")

    async def _list(self) -> dict[str, str]:
        """Names of the server's voices, and the language of each."""
        now = time.monotonic()
        if now - self._asked > _VOICES_SECONDS:
            content = await self._http.ask("GET", f"{self._url}/voices")
            try:
                found = msgspec.json.decode(content, type=dict[str, _Config])
            except msgspec.DecodeError as error:
                raise TwilioError(12400, f"Piper's list of voices: {error}") from error
            if not found:
                raise TwilioError(12400, "Piper has no voice")
            self._known = {name: _language(name, found[name]) for name in sorted(found)}
            self._asked = now
        return self._known


def _language(name: str, config: _Config) -> str:
    """``en_US-lessac-medium`` speaks en-US; a model named otherwise, what its text is for."""
    first = name.partition("-")[0]
    if len(first) in (5, 6) and first[-3] == "_":
        return first.replace("_", "-")
    return config.espeak.voice
