"""What a call needs of speech recognition, as small interfaces (a part of `ports`)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class ListenRequest:
    """What is to be recognised: language (BCP 47), hints, and how an utterance ends.

    ``silence`` seconds without speech end it, and so do ``longest`` seconds of it. ``numbers``
    says that numbers and short commands are expected.
    """

    language: str
    hints: tuple[str, ...] = ()
    silence: float = 1.0
    longest: float = 60.0
    numbers: bool = False
    partials: bool = False
    tracks: tuple[Literal["inbound", "outbound"], ...] = ("inbound",)


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """What was recognised on a track: a beginning, words so far, or a whole utterance.

    ``confidence`` (finals) and ``stability`` (partials) from 0 to 1, None when not told. The
    text of a final is empty when it was no speech after all.
    """

    kind: Literal["began", "partial", "final"]
    track: str
    text: str = ""
    confidence: float | None = None
    stability: float | None = None


class Recognition(Protocol):
    """A recognition that runs."""

    @property
    def url(self) -> str:
        """Where the audio goes, as a Media Stream on this machine."""

    def __aiter__(self) -> AsyncIterator[SpeechEvent]:
        """Return the events as they come; raises TwilioError 13340."""


class Recognizer(Protocol):
    """Speech to text."""

    def listen(self, request: ListenRequest) -> AbstractAsyncContextManager[Recognition]:
        """Begin a recognition that ends with the block.

        Raises TwilioError: 13340 none is to be had, 13331 not that language.
        """
