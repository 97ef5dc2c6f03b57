"""Which call of a recording is replayed, and what of the recording belongs to it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.debug.ladder.pick import NoCallError, pick, touches
from ari_app.debug.record import Item


def of_one_call(items: Sequence[Item], wanted: str | None = None) -> list[Item]:
    """Return what belongs to one call that came in, from its StasisStart on, its children too.

    ``wanted`` is any name of it, None means the first. Raises AssertionError, which says what
    calls there are.
    """
    begun = [item for item in items if item.type == "call-begun" and not _data(item, "parent")]
    if not begun:
        raise AssertionError("no call begins in this recording; was it made from a tap?")
    one = _named(items, begun, wanted) if wanted else _first(begun)
    if one is None or not _came_in(one):
        what = "it" if one is None else f"{one.call} was made by REST; it"
        said = f"nothing of {wanted!r}: {what}" if one is None else what
        raise AssertionError(f"{said} cannot be replayed. Calls that can: {_told(begun)}")
    children = {
        item.call
        for item in items
        if item.type == "call-begun" and _data(item, "parent") == one.call
    }
    sids = {one.call, *children}
    channels = {item.channel for item in items if item.call in sids and item.channel}
    first = next(
        (n for n, i in enumerate(items) if i.type == "StasisStart" and i.channel == one.channel), 0
    )
    return [
        item
        for item in items[first:]
        if item.call in sids or item.channel in channels or touches(item, channels)
    ]


def _named(items: Sequence[Item], begun: Sequence[Item], wanted: str) -> Item | None:
    try:
        mine = {item.call for item in pick(items, wanted)}
    except NoCallError:
        return None
    return next((item for item in begun if item.call in mine), None)


def _first(begun: Sequence[Item]) -> Item | None:
    return next((item for item in begun if _came_in(item)), None)


def _came_in(item: Item) -> bool:
    return _data(item, "direction") in ("inbound", "")


def _told(begun: Sequence[Item]) -> str:
    lines = [
        f"{item.call} ({_data(item, 'from')} → {_data(item, 'to')})"
        for item in begun
        if _came_in(item)
    ]
    return ", ".join(lines) or "none"


def _data(item: Item, name: str) -> str:
    return str(item.data.get(name) or "") if isinstance(item.data, dict) else ""
