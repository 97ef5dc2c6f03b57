"""All calls as they are now, from items. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ari_app.debug.record import Item

#: Ended calls stay in sight for so long, seconds.
LINGER = 30.0
#: Calls that are kept at most; the oldest ended go first.
MOST = 5_000
#: The rate is that of so many seconds.
WINDOW = 5.0
#: Samples of a packet of 20 ms.
_FRAME = 160
_QOS = re.compile(r"(\w+)=\s*([0-9.]+)")
_MEDIA = ("UnicastRTP/", "Snoop/", "WebSocket/", "AudioSocket/")


@dataclass(slots=True)
class Quality:
    """Packets that a leg received, how many were lost, and jitter in ms."""

    received: int = 0
    lost: int = 0
    jitter_ms: float = 0.0

    @property
    def loss(self) -> float:
        """Lost packets in percent of all."""
        whole = self.received + self.lost
        return 100 * self.lost / whole if whole else 0.0


@dataclass(slots=True)
class Media:
    """The leg to a bot as the media worker counts it.

    `received` and `filled` are µ-law samples of the caller of late, real ones and silence in place
    of missing ones, `until` the same since its beginning; `waiting_ms` is the bot's audio that
    waits to be played, `dropped` what of either side was too much, in messages and µ-law bytes.
    """

    received: int = 0
    filled: int = 0
    waiting_ms: int = 0
    dropped: int = 0
    until: tuple[int, int] = (0, 0)

    @property
    def loss(self) -> float:
        """Missing audio in percent of all."""
        whole = self.received + self.filled
        return 100 * self.filled / whole if whole else 0.0


@dataclass(slots=True)
class Call:
    """One line of the screen."""

    key: str
    begun: float
    number_from: str = ""
    number_to: str = ""
    state: str = "ringing"
    answered: float = 0.0
    ended: float = 0.0
    verbs: list[str] = field(default_factory=list)
    streams: set[str] = field(default_factory=set)
    media: dict[str, Media] = field(default_factory=dict)
    legs: dict[str, Quality] = field(default_factory=dict)
    error: str = ""
    node: str = ""

    def seconds(self, now: float) -> float:
        """How long it has lasted, ringing included."""
        return max(0.0, (self.ended or now) - self.begun)

    @property
    def quality(self) -> Quality | None:
        """That of its worst SIP leg, as Asterisk received it."""
        legs = self.legs.values()
        return max(legs, key=lambda one: (one.loss, one.jitter_ms), default=None)


class Table:
    """Calls by SID; without SIDs (another app's), by channel."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.missed = 0
        self._recent: deque[float] = deque(maxlen=100_000)

    def feed(self, item: Item) -> Call | None:
        """Take one item, in order of time; return the call that it is of."""
        self._recent.append(item.at)
        data = item.data if isinstance(item.data, dict) else {}
        if item.kind == "note" and item.type == "missed":
            self.missed += int(data.get("entries") or data.get("count") or 0)
        call = self._call(item, data)
        if call is None:
            return None
        call.node = item.node or call.node
        match item.kind:
            case "note":
                _note(call, item, data)
            case "event":
                _event(call, item, data)
            case "twiml":
                _verb(call, item, data)
            case "stream":
                sid = str(data.get("stream_sid", ""))
                if item.type == "open":
                    call.streams.add(sid)
                elif item.type == "stopped":
                    call.streams.discard(sid)
                    call.media.pop(sid, None)
            case "rtp" if item.type == "stream":
                sid = str(data.get("stream_sid", ""))
                call.media[sid] = _media(data, call.media.get(sid, Media()))
            case "rtp" if item.type == "statistics":
                call.legs[item.channel] = Quality(
                    int(data.get("rxcount") or 0),
                    int(data.get("rxploss") or 0),
                    float(data.get("rxjitter") or 0) * 1000,
                )
        if item.error and item.kind in ("note", "stream", "webhook"):
            call.error = item.error
        return call

    def of(self, item: Item) -> Call | None:
        """The call that an item is of, if it is known."""
        return self.calls.get(item.call) or self.calls.get(item.channel)

    def rate(self, now: float) -> float:
        """Items a second of late."""
        while self._recent and self._recent[0] < now - WINDOW:
            self._recent.popleft()
        return len(self._recent) / WINDOW

    def shown(self, now: float) -> Iterator[Call]:
        """Calls to be shown, oldest first; those that ended a while ago are forgotten."""
        for key, call in list(self.calls.items()):
            if call.ended and now - call.ended > LINGER:
                del self.calls[key]
            else:
                yield call

    def _call(self, item: Item, data: dict[str, Any]) -> Call | None:
        key = item.call or (item.channel if item.kind == "event" else "")
        if not key:
            return None
        if (found := self.calls.get(key)) is not None:
            return found
        if item.call:
            orphan = self.calls.pop(item.channel, None)  # begun before its SID was known
            begins = item.type == "call-begun"
            if not begins and orphan is None and item.kind != "note":
                return None  # the tail of a call that has been forgotten
        else:
            name = str(data.get("channel", {}).get("name", ""))
            if item.type != "StasisStart" or name.startswith(_MEDIA) or key.startswith("MZ"):
                return None
            orphan = None
        self.calls[key] = call = Call(key, orphan.begun if orphan else item.at)
        if len(self.calls) > MOST:
            ended = (one for one, call in self.calls.items() if call.ended)
            del self.calls[next(ended, next(iter(self.calls)))]
        return call


def _note(call: Call, item: Item, data: dict[str, Any]) -> None:
    if not item.type.startswith("call-"):
        return
    call.number_from, call.number_to = str(data.get("from", "")), str(data.get("to", ""))
    call.state = str(data.get("status", "")) or call.state
    if item.type == "call-answered":
        call.answered = item.at
    if item.type == "call-completed":
        call.ended = item.at
        call.verbs.clear()
        call.streams.clear()
        call.media.clear()


def _event(call: Call, item: Item, data: dict[str, Any]) -> None:
    channel = data.get("channel", {})
    if item.type == "ChannelVarset" and data.get("variable") == "RTPAUDIOQOS":
        values = dict(_QOS.findall(str(data.get("value"))))
        call.legs[item.channel] = Quality(
            int(values.get("rxcount", 0)),
            int(values.get("lp", 0)),
            float(values.get("rxjitter", 0)) * 1000,
        )
    if item.call or call.key != item.channel:
        return
    # No SIDs: the channel is all there is.
    call.number_from = item.caller or call.number_from
    call.number_to = str(channel.get("dialplan", {}).get("exten", "")) or call.number_to
    call.state = str(channel.get("state", "")).lower() or call.state
    if item.type in ("ChannelDestroyed", "StasisEnd"):
        call.state, call.ended = "ended", item.at


def _media(data: dict[str, Any], before: Media) -> Media:
    def count(name: str) -> int:
        return int(data.get(name) or 0)

    received, filled = count("rtp_received") * _FRAME, count("silence_filled")
    gone = count("audio_played") + count("audio_cleared")
    return Media(
        received=received - before.until[0],
        filled=filled - before.until[1],
        until=(received, filled),
        waiting_ms=max(0, count("audio_queued") - gone) // 8,
        dropped=count("media_dropped") + count("audio_dropped"),
    )


def _verb(call: Call, item: Item, data: dict[str, Any]) -> None:
    if data.get("state") == "begin":
        call.verbs.append(item.type)
    elif item.type in call.verbs:
        while call.verbs and call.verbs.pop() != item.type:
            pass
