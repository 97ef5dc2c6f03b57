"""Stream events and call updates on the bus, for subscribers outside the system.

Channels and payloads are SomlengSWITCH's: ``mod_twilio_stream:<stream SID>`` and
``call_updates:<call SID>``. What the bus cannot carry now is lost to them, and counted: neither
calls nor streams ever wait for it.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec
import structlog

from ari_app.bus import Bus
from stream import control

log = structlog.get_logger(__name__)

#: Events that may wait for the bus; beyond it the oldest go.
MOST = 1000
#: Events published at one go: a bot may send hundreds of marks a second.
BATCH = 100
#: Warnings that mean that a stream's buffer, either way, was full.
_OVERRUN = frozenset({31930, 31931})


class StreamNews(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A stream event as outside subscribers read it."""

    event: str
    account_sid: str
    call_sid: str
    stream_sid: str
    payload: dict[str, str] | None = None


class CallUpdate(msgspec.Struct, frozen=True, omit_defaults=True):
    """An update of a call as outside subscribers read it."""

    id: str
    voice_url: str | None = None
    voice_method: str | None = None
    twiml: str | None = None


class Outside:
    """Publishes what happened, in order, in the background."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MOST)
        self._wake = asyncio.Event()
        self._closing = False
        self.dropped = 0
        self._task = asyncio.create_task(self._publish(), name="outside")

    def stream(self, news: StreamNews) -> None:
        """Tell what happened to a stream."""
        self._put(f"mod_twilio_stream:{news.stream_sid}", msgspec.json.encode(news))

    def call(self, update: CallUpdate) -> None:
        """Tell that a call was given another document."""
        self._put(f"call_updates:{update.id}", msgspec.json.encode(update))

    async def close(self) -> None:
        """Publish what waits and stop."""
        self._closing = True
        self._wake.set()
        await self._task

    def _put(self, channel: str, payload: bytes) -> None:
        if len(self._waiting) == MOST:
            self._lose(1, channel, "too many wait")
        self._waiting.append((channel, payload))
        self._wake.set()

    def _lose(self, count: int, channel: str, reason: str) -> None:
        if self.dropped == 0:
            log.warning("outside.dropped", channel=channel, reason=reason)
        self.dropped += count

    async def _publish(self) -> None:
        while True:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                try:
                    await self._bus.publish_all(batch)
                except ConnectionError as error:
                    self._lose(len(batch), batch[0][0], str(error))
            if self._closing:
                if self.dropped:
                    log.warning("outside.lost", count=self.dropped)
                return
            self._wake.clear()
            await self._wake.wait()


class ToldStream:
    """One stream as outside subscribers hear of it."""

    def __init__(
        self, outside: Outside, account_sid: str, call_sid: str, *, connected: bool = False
    ) -> None:
        """``connected`` says whether its bot was reached already."""
        self._outside = outside
        self._account_sid = account_sid
        self._call_sid = call_sid
        self._connected = connected
        self._overrun = False

    def on_event(self, event: control.StreamEvent) -> None:
        """Tell of what a worker has told."""
        for name, payload in self._named(event):
            self._outside.stream(
                StreamNews(name, self._account_sid, self._call_sid, event.stream_sid, payload)
            )

    def _named(self, event: control.StreamEvent) -> list[tuple[str, dict[str, str] | None]]:
        """Return the contract's events for one of ours, each with its payload."""
        match event:
            case control.Connected():
                self._connected = True
                return [("connect", None)]
            case control.Started():
                return [("start", None)]
            case control.MarkTaken(name=name):
                return [("socket_mark", {"mark": name})]
            case control.Cleared():
                return [("socket_clear", None)]
            case control.Mark(name=name):
                return [("mark", {"mark": name})]
            case control.DtmfSent(digit=digit):
                return [("dtmf", {"dtmf": digit})]
            case control.Warned(code=code) if code in _OVERRUN and not self._overrun:
                self._overrun = True
                return [("buffer_overrun", None)]
            case control.Stopped(code=int(), message=message) if not self._connected:
                return [("connect_failed", {"reason": message}), ("disconnect", None)]
            case control.Stopped():
                return [("disconnect", None)]
            case _:
                return []
