"""Which channels there are, so that a gap in the events can be told by what it swallowed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

#: More than any Asterisk has; the oldest are forgotten.
_MOST = 100_000
#: Found without decoding: this is looked for in every event.
_LIFE = re.compile(rb'"type":\s*"Channel(Created|Destroyed)"')
_ID = re.compile(rb'"channel":\s*\{\s*"id":\s*"([^"]+)"')


class World:
    """Channels known from a listing and the events that followed it."""

    def __init__(self) -> None:
        self._channels: dict[str, None] = {}

    def note(self, event: bytes) -> None:
        """Follow one event, as it was received."""
        life = _LIFE.search(event)
        if life is None or (found := _ID.search(event)) is None:
            return
        channel = found[1].decode(errors="replace")
        if life[1] == b"Created":
            self._channels[channel] = None
            if len(self._channels) > _MOST:
                del self._channels[next(iter(self._channels))]
        else:
            self._channels.pop(channel, None)

    def compared(self, listing: Iterable[dict[str, Any]]) -> tuple[list[str], list[str]]:
        """Take a listing as the truth; ids that ended and that began without our seeing it."""
        there = {str(channel.get("id", "")): None for channel in listing}
        ended = [one for one in self._channels if one not in there]
        begun = [one for one in there if one not in self._channels]
        self._channels = there
        return ended, begun
