"""Between who reads and who prints: bounded, so that neither a slow pipe nor a flood is felt.

The reader must never wait: Asterisk cuts off a connection whose reader is slow. What the printer
is too slow for is dropped, counted and told.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ari_app.debug import record
from ari_app.debug.events import event_item
from ari_app.debug.record import Item, RecordError

_plain = msgspec.json.Decoder(dict[str, Any])


class Wire(NamedTuple):
    """A message as it came, not looked at yet; `event`: Asterisk's own, else a line of a record."""

    at: float
    seq: int
    text: bytes
    event: bool


class Backlog:
    """Items and messages that wait to be printed, at most `size` bytes of them.

    `put` is for the event loop, `batches` for the thread that prints.
    """

    def __init__(self, size: int = 64 * 1024 * 1024) -> None:
        self._size = size
        self._waiting: deque[Wire | Item] = deque()
        self._bytes = 0
        self._lost = 0
        self._closed = False
        self._changed = threading.Condition()
        #: Everything that came, and what of it was dropped.
        self.seen = 0
        self.dropped = 0

    def put(self, entry: Wire | Item) -> None:
        """Take one in, or drop it when too much waits."""
        cost = len(entry.text) + 100 if isinstance(entry, Wire) else 500
        with self._changed:
            self.seen += 1
            if self._bytes + cost > self._size:
                self._lost += 1
                self.dropped += 1
                return
            self._bytes += cost
            self._waiting.append(entry)
            if len(self._waiting) == 1:
                self._changed.notify()

    def close(self) -> None:
        """Nothing more will come; what waits is printed still."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def batches(self) -> Iterator[list[Item]]:
        """Everything that waits, again and again, until closed and empty."""
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                taken, self._waiting = self._waiting, deque()
                lost, self._lost, self._bytes = self._lost, 0, 0
                over = self._closed
            items = [item for entry in taken if (item := opened(entry)) is not None]
            if lost:
                at = items[-1].at if items else 0.0
                items.append(_missed(at, lost))
            yield items
            if over:
                return


def opened(entry: Wire | Item) -> Item | None:
    """Look into a message; what cannot be read becomes a note, never an error."""
    if isinstance(entry, Item):
        return entry
    try:
        if not entry.event:
            return record.read_item(entry.text)
        return event_item(_plain.decode(entry.text), at=entry.at, seq=entry.seq)
    except (msgspec.MsgspecError, RecordError, RecursionError) as error:
        data = {"text": entry.text[:500].decode(errors="replace")}
        return Item(
            at=entry.at, seq=entry.seq, kind="note", type="unreadable", error=str(error), data=data
        )


def _missed(at: float, count: int) -> Item:
    return Item(
        at=at,
        kind="note",
        type="missed",
        error=f"{count} not shown: this output is too slow",
        data={"entries": count},
    )
