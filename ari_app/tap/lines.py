"""Entries of a tap as lines of JSON, for whoever reads them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import structlog

from ari_app.debug.record import Item, line
from ari_app.tap.ring import Entry
from ari_app.tap.tap import Tap

#: Entries rendered before others have their turn: calls are never kept waiting.
AT_ONCE = 10

log = structlog.get_logger(__name__)


def lines(tap: Tap, number: int, entry: Entry, node: str = "") -> Iterator[bytes]:
    """The entry of a number as lines; what cannot be rendered is told as a note."""
    try:
        for item in entry.render(tap.index, entry.at, *entry.args):
            item.seq = number
            item.node = node
            yield line(item)
    except Exception as error:
        log.exception("tap.render_failed")
        yield note("unreadable", {"error": repr(error)}, node)


def note(kind: str, data: dict[str, object], node: str = "") -> bytes:
    """A word of the tap itself."""
    return line(Item(at=time.time(), source="tap", kind="note", type=kind, data=data, node=node))
