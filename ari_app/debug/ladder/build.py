"""Items of one call → its story."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ari_app.debug.ladder import rows_app, rows_asterisk, rows_sip
from ari_app.debug.ladder.scene import Scene
from ari_app.debug.ladder.story import TITLES, Lane, Row, Story
from ari_app.debug.record import Item

#: A pause from here on is marked, seconds.
GAP = 1.0

_TELLERS = {
    "event": rows_asterisk.event,
    "request": rows_asterisk.request,
    "webhook": rows_app.webhook,
    "twiml": rows_app.verb,
    "stream": rows_app.stream,
    "note": rows_app.note,
    "rtp": rows_asterisk.rtp,
    "sip": rows_sip.message,
}


def tell(items: Iterable[Item], *, everything: bool = False, gap: float = GAP) -> Story:
    """Make the story; ``everything`` shows what says little, too, and folds nothing."""
    items = sorted(items, key=lambda item: item.at)
    scene = Scene(items, everything=everything)
    rows: list[Row] = []
    for item in items:
        if (teller := _TELLERS.get(item.kind)) is None:
            continue
        rows.extend(
            # One after the other: a verb's row is told at the depth before it.
            replace(row, depth=scene.depth, items=row.items or (item,))
            for row in teller(scene, item)
        )
    rows.sort(key=lambda row: row.at)
    if not everything:
        rows = _folded(rows)
    used = {lane for row in rows for lane in (row.lane, row.target)}
    lanes: tuple[Lane, ...] = tuple(lane for lane in TITLES if lane in used)
    return Story(scene.title, tuple(scene.facts.items()), tuple(_with_gaps(rows, gap)), lanes)


def _folded(rows: Sequence[Row]) -> list[Row]:
    """Rows of a kind that follow each other become one with a count."""
    out: list[Row] = []
    for row in rows:
        last = out[-1] if out else None
        if last is not None and row.fold and row.fold == last.fold:
            out[-1] = replace(
                last, count=last.count + 1, until=row.at, items=(*last.items, *row.items)
            )
        else:
            out.append(row)
    return out


def _with_gaps(rows: Sequence[Row], gap: float) -> Iterable[Row]:
    before: Row | None = None
    for row in rows:
        last = max(before.at, before.until) if before else row.at
        if before is not None and row.at - last >= gap:
            yield Row(last, f"{row.at - last:.1f} s", before.lane, tone="gap", depth=before.depth)
        yield row
        before = row
