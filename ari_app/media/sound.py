"""A sound ready to be played, and the pins that keep its files while it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType


class Pins:
    """Counts who holds which file; eviction asks it and never deletes a held one."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    def hold(self, path: str) -> None:
        """Keep the files of ``path`` until as many ``release`` calls were made."""
        self._held[path] += 1

    def release(self, path: str) -> None:
        """Give up one hold; one too many is harmless."""
        self._held[path] -= 1
        if self._held[path] <= 0:
            del self._held[path]

    def held(self, path: str) -> bool:
        """Tell whether anybody holds ``path``."""
        return path in self._held


@dataclass(frozen=True)
class Sound:
    """Two files Asterisk plays without work: ``<path>.ulaw`` and ``<path>.alaw``.

    ``path`` is absolute and has no extension; ``duration`` is in seconds, a multiple of 20 ms.
    As a context manager it pins its files: ``with sound: ...`` around the playing of it. A sound
    not pinned is safe for the cache's grace time only.
    """

    path: str
    duration: float
    pins: Pins = field(default_factory=Pins, repr=False, compare=False)

    def __enter__(self) -> Sound:
        self.pins.hold(self.path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pins.release(self.path)
