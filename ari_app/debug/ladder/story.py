"""What a ladder shows: lanes side by side, rows downwards in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ari_app.debug.record import Item

Lane = Literal["phone", "callee", "asterisk", "media", "app", "web", "bot"]
Tone = Literal["plain", "good", "bad", "warn", "quiet", "verb", "gap"]

#: Lanes from left to right, with the words above them.
TITLES: dict[Lane, str] = {
    "phone": "phone",
    "callee": "callee",
    "asterisk": "Asterisk",
    "media": "media",
    "app": "app",
    "web": "webhook",
    "bot": "bot",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One step: an arrow between two lanes, or a remark at one (``target`` None).

    ``at`` is in unix seconds. ``inferred``: not seen itself, but followed from what was.
    ``count`` above 1: that many of a kind until ``until``. ``depth`` is that of verbs around it.
    """

    at: float
    label: str
    lane: Lane
    target: Lane | None = None
    tone: Tone = "plain"
    inferred: bool = False
    count: int = 1
    until: float = 0.0
    depth: int = 0
    #: What folds into one row when it repeats; "" never does.
    fold: str = ""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """One call: what it is, its ids, and everything that happened in order."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    lanes: tuple[Lane, ...] = field(default=("phone", "asterisk", "app"))

    @property
    def start(self) -> float:
        """Unix seconds of the first row."""
        return self.rows[0].at if self.rows else 0.0
