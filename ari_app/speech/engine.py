"""What a speech engine is to the rest of the system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ari_app.speech.ssml import Markup
from ari_app.speech.voices import Voice

Warnings = tuple[tuple[int, str], ...]
"""Twilio code and message each: the speech is made all the same."""

Part = str | float
"""Text or markup to be spoken, or seconds of silence."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is to be said: the plain words, and their markup where there is some."""

    voice: Voice
    text: str
    markup: Markup | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that an engine will be asked for: equal plans of one engine sound equal.

    ``voice`` is the engine's own name for it, ``options`` whatever else decides how it sounds.
    """

    voice: str
    parts: tuple[Part, ...]
    options: tuple[str, ...] = ()
    warnings: Warnings = ()


class SpeechEngine(Protocol):
    """Makes speech. ``name`` and ``version`` keep cached speech of engines apart."""

    @property
    def name(self) -> str:
        """Short name of the engine."""
        ...

    async def version(self) -> str:
        """Return what changes when the same plan may sound otherwise; raises TwilioError."""
        ...

    async def plan(self, utterance: Utterance) -> Plan:
        """Turn Twilio's names and markup into the engine's; what it lacks becomes a warning.

        Raises TwilioError 12400 when the engine is needed for that and is away.
        """
        ...

    async def synthesize(self, plan: Plan) -> bytes:
        """Return an audio file, usually WAV.

        Raises TwilioError: 12400 the engine is away, 13511, 13512, 13520 or 13521 when it
        refuses the voice, language, text or length.
        """
        ...
