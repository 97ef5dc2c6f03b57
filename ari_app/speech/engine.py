"""What a speech engine is to the rest of the system."""

from __future__ import annotations

from typing import Protocol

Warnings = tuple[tuple[int, str], ...]
"""Twilio code and message each: the speech is made all the same."""


class SpeechEngine(Protocol):
    """Makes speech of text. ``name`` and ``version`` keep cached speech of engines apart."""

    @property
    def name(self) -> str:
        """Short name of the engine."""
        ...

    async def version(self) -> str:
        """Return what changes when the same text may sound otherwise; raises TwilioError."""
        ...

    async def check(self, voice: str, language: str) -> Warnings:
        """Return warnings 13511 and 13512 for names the engine replaces by others."""
        ...

    async def synthesize(self, text: str, voice: str, language: str) -> bytes:
        """Return a WAV of ``text``; voice and language are Twilio's names. Raises TwilioError."""
        ...
