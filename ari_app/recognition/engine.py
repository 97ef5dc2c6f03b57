"""What a recognition engine is to the rest of the system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ari_app.recognition.messages import Wanted


class RecognitionError(Exception):
    """The engine cannot do what is wanted; ``code`` is Twilio's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Heard:
    """Words of an utterance; ``confidence`` from 0 to 1, None when the engine does not tell."""

    text: str
    confidence: float | None = None


class Ear(Protocol):
    """Hears one track, one utterance after another."""

    async def begin(self) -> None:
        """An utterance begins."""

    async def feed(self, pcm: bytes) -> str:
        """Take some 100 ms of it, 16-bit PCM at 8 kHz; return what it sounds like so far."""

    async def end(self) -> Heard:
        """The utterance is over: return what it was. Raises RecognitionError."""

    def close(self) -> None:
        """Nothing more is heard."""


class Engine(Protocol):
    """Makes ears."""

    @property
    def name(self) -> str:
        """Short name of the engine."""

    def open(self, wanted: Wanted) -> Ear:
        """Return an ear for what is wanted; raises RecognitionError when it cannot be had."""
