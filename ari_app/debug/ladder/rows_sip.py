"""Rows of SIP messages that a capture holds."""

from __future__ import annotations

from collections.abc import Iterator

from ari_app.debug.ladder.scene import Scene, member
from ari_app.debug.ladder.story import Row, Tone
from ari_app.debug.record import Item


def message(scene: Scene, item: Item) -> Iterator[Row]:
    """One SIP message; its way is known from who began the dialog."""
    lane = scene.lane(item.channel)
    tone: Tone = "good"
    if item.status:
        tone = "bad" if item.status >= 400 else "good" if item.status >= 200 else "plain"
    label = item.type
    if member(item.data, "repeated"):
        label, tone = f"{label}  (sent again)", "warn"
    if about := str(member(item.data, "about")):
        label += f"  {about}"
        if scene.title == "call":
            scene.title = about
    if member(item.data, "way") == "in":
        yield Row(item.at, label, lane, "asterisk", tone=tone)
    else:
        yield Row(item.at, label, "asterisk", lane, tone=tone)
