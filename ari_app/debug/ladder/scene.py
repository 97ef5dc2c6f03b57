"""What is known of a call while its items are told one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ari_app.debug.ladder.story import Lane
from ari_app.debug.record import Item

_MEDIA = ("UnicastRTP/", "Snoop/", "WebSocket/", "AudioSocket/")


class Scene:
    """Legs, open verbs and answers to come of one call."""

    def __init__(self, items: Sequence[Item], *, everything: bool = False) -> None:
        self.everything = everything
        #: How many verbs are open.
        self.depth = 0
        #: When each open verb began, innermost last.
        self.verbs: list[tuple[str, float]] = []
        self.facts: dict[str, str] = {}
        self.title = "call"
        #: Answers by the number of their request.
        self.answers = {
            int(item.data["number"]): item
            for item in items
            if item.kind == "answer" and isinstance(item.data, dict) and "number" in item.data
        }
        #: When each playback, bridge or webhook began.
        self.since: dict[str, float] = {}
        #: Whether SIP itself was captured: nothing has to be inferred then.
        self.has_sip = any(item.kind == "sip" for item in items)
        #: Channels that the app has asked to hang up.
        self.hung_up: set[str] = set()
        self._lanes: dict[str, Lane] = {}
        self._first_leg = ""
        for item in items:
            self._learn(item)

    def lane(self, channel: str) -> Lane:
        """Where a channel is drawn."""
        if channel in self._lanes:
            return self._lanes[channel]
        return "media" if channel.startswith("MZ") else "phone"

    def leg(self, channel: str) -> str:
        """Short name of a channel."""
        return self.lane(channel)

    def _learn(self, item: Item) -> None:
        """First come, first drawn: the first SIP leg is the phone, others are callees."""
        if item.type == "call-begun" and item.channel:
            self._leg(item.channel)
        if item.kind != "event" or not isinstance(item.data, dict):
            return
        for name in ("channel", "peer", "caller"):
            channel = item.data.get(name)
            if isinstance(channel, dict) and "name" in channel:
                some_id = str(channel.get("id", ""))
                if str(channel["name"]).startswith(_MEDIA):
                    self._lanes.setdefault(some_id, "media")
                else:
                    self._leg(some_id)

    def _leg(self, channel: str) -> None:
        if not self._first_leg:
            self._first_leg = channel
        self._lanes.setdefault(channel, "phone" if channel == self._first_leg else "callee")


def member(data: Any, *path: str) -> Any:
    """Return what is at a path in a JSON value, "" when there is nothing."""
    for name in path:
        data = data.get(name, "") if isinstance(data, dict) else ""
    return data


def took(seconds: float) -> str:
    """Return a duration as it is read best."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def took_ms(ms: float | None) -> str:
    """Return a latency as it is read best."""
    if ms is None:
        return ""
    return f"{ms:.1f} ms" if ms < 10 else took(ms / 1000)
