"""One row of the table: what one sees, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ari_app.debug.diagnose.case import Case

#: ``failed``: a part did. ``missing``: nothing caught it. ``note``: worth knowing, no failure.
Grade = Literal["failed", "missing", "note"]
Section = Literal["Calls", "Webhooks and TwiML", "Streams", "Dial", "Audio", "The machine"]


@dataclass(frozen=True, slots=True)
class Seen:
    """That a rule fits: when (unix seconds), and what happened in this very call."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A symptom, its cause and the fix, in words of their own; ``look`` finds it in a call.

    ``codes`` are Twilio's numbers that this rule speaks for.
    """

    key: str
    section: Section
    symptom: str
    cause: str
    fix: str
    look: Callable[[Case], Iterator[Seen]]
    grade: Grade = "failed"
    codes: tuple[int, ...] = ()


def ms(value: float) -> str:
    """Milliseconds as they are read best."""
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"


def seconds(value: float) -> str:
    """Seconds as they are read best."""
    return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"
