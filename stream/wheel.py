"""Timing wheel on an absolute schedule.

One deadline at a time serves all streams: they are spread over groups that fall due one after
the other, so that a worker's packets leave evenly and no stream needs a timer of its own.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

from stream.late import MAX_OWED

T = TypeVar("T")

PERIOD = 0.020
GROUPS = 4


class Wheel(Generic[T]):
    """Round of ``groups`` groups, each due once a ``period``; time comes in as seconds.

    Slot n is due at ``start + n * period / groups``: no drift, however late it is asked.
    """

    def __init__(self, start: float, period: float = PERIOD, groups: int = GROUPS) -> None:
        self._start = start
        self._slot = period / groups
        self._groups: list[dict[T, None]] = [{} for _ in range(groups)]
        self._next = 1
        self.skipped = 0
        #: What the rounds that the last `due` skipped were for, once a round.
        self.missed: list[T] = []

    def add(self, item: T) -> None:
        """Put ``item`` into the group with the fewest."""
        min(self._groups, key=len)[item] = None

    def remove(self, item: T) -> None:
        """Take ``item`` out; harmless when it is not in."""
        for group in self._groups:
            group.pop(item, None)

    def items(self) -> list[T]:
        """Return all that is in, group by group."""
        return [item for group in self._groups for item in group]

    def deadline(self) -> float:
        """Return when the next group is due."""
        return self._start + self._next * self._slot

    def due(self, now: float) -> list[list[T]]:
        """Return the groups that fell due until ``now``, oldest first, and move past them.

        After a stall each group comes once, not once per missed round, so that there is no burst:
        the missed rounds are counted in ``skipped`` (slots) and told in ``missed``.
        """
        self.missed = []
        last = math.floor((now - self._start) / self._slot + 1e-6)
        if last < self._next:
            return []
        count = len(self._groups)
        first = max(self._next, last - count + 1)
        self.skipped += first - self._next
        lost = range(max(self._next, first - MAX_OWED * count), first)
        self.missed = [item for slot in lost for item in self._groups[slot % count]]
        self._next = last + 1
        return [list(self._groups[slot % count]) for slot in range(first, last + 1)]
