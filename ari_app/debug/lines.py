"""One readable line an item. Pure: text in the width and colours that it is asked for."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field
from typing import Literal

from ari_app.debug.record import Item
from ari_app.debug.summaries import name_of, summary

Clock = Literal["relative", "clock", "unix"]

#: What an item is, at a glance: to Asterisk, from it, to the web and back, inside.
SIGNS = {
    "event": "◀",
    "request": "▶",
    "answer": "◁",
    "webhook": "⇄",
    "twiml": "●",
    "stream": "≈",
    "rtp": "∿",
    "sip": "☎",
    "note": "·",
}
_ASCII = {
    "event": "<",
    "request": ">",
    "answer": "=",
    "webhook": "W",
    "twiml": "*",
    "stream": "~",
    "rtp": "r",
    "sip": "s",
    "note": "-",
}
#: Colours of channels that can be told apart on dark and on light ground; red is for errors.
_COLOURS = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)
_TYPE = 22
_NAME = 26
#: Seconds without anything that are worth a word.
GAP = 2.0
#: Names that are remembered, for requests that know the id only.
_MOST_NAMES = 20_000


@dataclass
class Lines:
    """Renders items in the order given. `width` 0: as long as it gets.

    `clock`: seconds since the first item, the time of day, or unix time.
    """

    colour: bool = False
    width: int = 0
    clock: Clock = "relative"
    unicode: bool = True
    full_ids: bool = False
    _first: float | None = None
    _last: float = 0.0
    _node: int = 0
    _names: dict[str, str] = field(default_factory=dict)
    _colours: dict[str, int] = field(default_factory=dict)

    def line(self, item: Item) -> str:
        """One line, without its end; a long gap before it is marked in a line of its own."""
        if self._first is None and item.type != "attached":  # said now, of what was before
            self._first = self._last = item.at
        gap = item.at - self._last if self._first is not None else 0.0
        self._last = item.at
        text = self._text(item)
        if gap >= GAP and self.clock == "relative":
            rule = "⋯" if self.unicode else "..."
            return self._painted(f"{'':>9} {rule} {gap:.1f} s of nothing", "2") + "\n" + text
        return text

    def time(self, at: float) -> str:
        """A time as this clock shows it, 9 wide or more."""
        if self.clock == "unix":
            return f"{at:.6f}"
        if self.clock == "clock":
            return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 1000):03d}"
        return f"{at - (self._first if self._first is not None else at):+9.3f}"

    def name(self, item: Item) -> str:
        """Whose item it is: the channel's name, else the bridge's or call's id."""
        data = item.data if isinstance(item.data, dict) else {}
        if item.channel:
            named = name_of(data) if item.kind == "event" else ""
            if named and named != item.channel:
                self._remember(item.channel, named)
            name = self._names.get(item.channel, item.channel)
            if item.call and item.call not in self._names:
                self._remember(item.call, name)
            return name
        return self._names.get(item.call, item.call) or item.bridge

    def _remember(self, channel: str, name: str) -> None:
        """Of a channel or call; the first name stays."""
        if channel not in self._names and len(self._names) >= _MOST_NAMES:
            del self._names[next(iter(self._names))]
        self._names.setdefault(channel, name)

    def _text(self, item: Item) -> str:
        sign = (SIGNS if self.unicode else _ASCII).get(item.kind, "?")
        who = self.name(item)
        words = summary(item)
        if not self.unicode:
            words = words.encode("ascii", "replace").decode()
        if self.full_ids:
            words += "  #" + " ".join(
                dict.fromkeys(filter(None, (item.call, item.channel, item.bridge, *item.linked)))
            )
        # Whose request it is stands before it already.
        path = item.type.replace(f"/{item.channel}", "/…") if item.channel else item.type
        kind = shortened(path if self.unicode else item.type, self.width and _TYPE + 14)
        self._node = max(self._node, len(item.node))
        node = f"{item.node:<{self._node}} " if self._node else ""
        head = f"{self.time(item.at)} {node}{sign} "
        shown = shortened(who, _NAME) if who else ""
        rest = f"{kind:<{_TYPE}} {words}".rstrip()
        if self.width:
            rest = shortened_end(rest, self.width - len(head) - _NAME - 1)
        if not self.colour:
            return f"{head}{shown:<{_NAME}} {rest}".rstrip()
        return self._coloured(item, head, f"{shown:<{_NAME}}", who, kind, rest)

    def _coloured(self, item: Item, head: str, shown: str, who: str, kind: str, rest: str) -> str:
        own = self._colour(who)
        bad = bool(item.error) or item.status >= 400
        body = self._painted(rest, "31") if bad else _type_bold(rest, kind)
        if item.kind in ("answer", "note") and not bad:
            body = self._painted(rest, "2")
        return f"{self._painted(head, '2')}{self._painted(shown, own)} {body}".rstrip()

    def _colour(self, who: str) -> str:
        """The same for the same channel, also in another run of the tool."""
        if not who:
            return "0"
        return str(_COLOURS[zlib.crc32(who.encode()) % len(_COLOURS)])

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text


def _type_bold(rest: str, kind: str) -> str:
    end = len(kind) if rest.startswith(kind) else 0
    return f"\x1b[1m{rest[:end]}\x1b[0m{rest[end:]}" if end else rest


def shortened(text: str, most: int) -> str:
    """Text of at most `most` characters, its end kept: ids differ there. 0: as it is."""
    if not most or len(text) <= most:
        return text
    head = most // 3
    return f"{text[:head]}…{text[len(text) - (most - head - 1) :]}"


def shortened_end(text: str, most: int) -> str:
    """Text of at most `most` characters, its beginning kept."""
    return text if len(text) <= most else text[: max(most - 1, 0)] + "…"
