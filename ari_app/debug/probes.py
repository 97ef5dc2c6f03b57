"""What the doctor tried and measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hello:
    """What came of ``sent`` RTP packets each way; ``there`` and ``back`` are counts.

    ``asterisk`` has Asterisk's two ends as `host:port`, ``here`` our address. ``skew`` is how many
    seconds Asterisk's clock is ahead of ours, None when no event told.
    """

    sent: int
    there: int
    back: int
    asterisk: tuple[str, str]
    here: str
    skew: float | None = None


@dataclass(frozen=True)
class Limit:
    """How many files a process may have open, and has; None where that cannot be seen."""

    name: str
    most: int
    open: int | None = None
