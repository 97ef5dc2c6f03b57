"""A bounded memory of what happened: the newest items, each rendered only when it is read."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

#: What an entry costs beside the bytes that it holds, roughly.
_OVERHEAD = 400


class Entry(NamedTuple):
    """Something that happened at ``at`` (unix seconds); ``render(*args)`` makes items of it."""

    at: float
    size: int
    render: Callable[..., Any]
    args: tuple[Any, ...]


class Ring:
    """The newest entries, at most ``items`` of them and ``size`` bytes.

    Entries are numbered from 1. A reader keeps the number that it reads next and finds out by
    itself what it has missed: nobody who writes knows of readers.
    """

    def __init__(self, items: int, size: int) -> None:
        # Plain tuples: making an Entry takes longer than all the rest.
        self._entries: deque[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = deque()
        self._most = items
        self._most_bytes = size
        self.size = 0
        # Entries ever added, which is the number of the newest.
        self.total = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def first(self) -> int:
        """Number of the oldest entry that is left."""
        return self.total - len(self._entries) + 1

    def add(self, size: int, render: Callable[..., Any], *args: Any) -> None:
        """Remember one entry that holds ``size`` bytes; never waits, never raises."""
        size += _OVERHEAD
        self._entries.append((time.time(), size, render, args))
        self.total += 1
        self.size += size
        while self.size > self._most_bytes or len(self._entries) > self._most:
            self.size -= self._entries.popleft()[1]

    def read(self, number: int, most: int) -> tuple[int, list[Entry]]:
        """Return entries from ``number`` on, ``most`` at most, and the number of the first."""
        number = max(number, self.first)
        begin = number - self.first
        end = min(begin + most, len(self._entries))
        return number, [Entry._make(self._entries[index]) for index in range(begin, end)]
