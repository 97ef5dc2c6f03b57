"""A track's audio cut into utterances: where somebody begins to speak, and where it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

FRAME_SECONDS = 0.02
FRAME_BYTES = 320
"""20 ms of 16-bit PCM at 8 kHz."""

WINDOW = 15
"""Frames that are looked at together for a beginning (300 ms)."""
VOICED = 8
"""Voiced frames among them that make one: a cough or a click has fewer."""
LEAD = 25
"""Frames before the beginning that belong to the utterance (500 ms)."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of a frame: ``audio`` of the utterance (b"" outside), and its borders."""

    audio: bytes = b""
    border: Literal["begin", "end"] | None = None


class Utterances:
    """Cuts frames by voice activity. ``voiced`` tells of a frame whether it has a voice in it.

    ``silence`` seconds without voice end an utterance, and ``longest`` seconds in all.
    """

    def __init__(self, voiced: Callable[[bytes], bool], *, silence: float, longest: float) -> None:
        self._voiced = voiced
        self._silence = max(1, round(silence / FRAME_SECONDS))
        self._longest = max(1, round(longest / FRAME_SECONDS))
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._lead: deque[bytes] = deque(maxlen=LEAD)
        self._quiet = 0
        self._length = 0
        self.speaking = False

    def push(self, frame: bytes) -> Cut:
        """Take 20 ms of PCM."""
        voiced = self._voiced(frame)
        self._recent.append(voiced)
        if not self.speaking:
            self._lead.append(frame)
            if sum(self._recent) < VOICED:
                return Cut()
            self.speaking, self._quiet, self._length = True, 0, 0
            audio = b"".join(self._lead)
            self._lead.clear()
            return Cut(audio, "begin")
        self._length += 1
        self._quiet = 0 if voiced else self._quiet + 1
        if self._quiet < self._silence and self._length < self._longest:
            return Cut(frame)
        self.speaking = False
        self._recent.clear()
        return Cut(frame, "end")
