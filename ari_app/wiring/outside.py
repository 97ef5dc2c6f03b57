"""Stream events and call updates on the bus, for subscribers outside the system.

Channels and payloads are SomlengSWITCH's: ``mod_twilio_stream:<stream SID>`` and
``call_updates:<call SID>``. What the bus cannot carry now is lost to them, and counted: calls
never wait for it.
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
    """Publishes one thing after the other, in the background."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MOST)
        self._wake = asyncio.Event()
        self._closing = False
        self.dropped = 0
        self._task = asyncio.create_task(self._publish(), name="outside")

    def stream(
        self, account_sid: str, call_sid: str, event: control.StreamEvent, *, connected: bool
    ) -> None:
        """Tell what happened to a stream; ``connected`` whether its bot was ever reached."""
        for name, payload in _names(event, connected=connected):
            news = StreamNews(name, account_sid, call_sid, event.stream_sid, payload)
            self._put(f"mod_twilio_stream:{event.stream_sid}", msgspec.json.encode(news))

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
            self._lose(channel, "too many wait")
        self._waiting.append((channel, payload))
        self._wake.set()

    def _lose(self, channel: str, reason: str) -> None:
        if self.dropped == 0:
            log.warning("outside.dropped", channel=channel, reason=reason)
        self.dropped += 1

    async def _publish(self) -> None:
        while True:
            while self._waiting:
                channel, payload = self._waiting.popleft()
                try:
                    await self._bus.publish(channel, payload)
                except ConnectionError as error:
                    self._lose(channel, str(error))
            if self._closing:
                return
            self._wake.clear()
            await self._wake.wait()


def _names(
    event: control.StreamEvent, *, connected: bool
) -> list[tuple[str, dict[str, str] | None]]:
    """Return the contract's events for one of ours, each with its payload."""
    match event:
        case control.Connected():
            return [("connect", None)]
        case control.Started():
            return [("start", None)]
        case control.Mark(name=name):
            return [("mark", {"mark": name})]
        case control.DtmfSent(digit=digit):
            return [("dtmf", {"dtmf": digit})]
        case control.Stopped(message=message) if not connected:
            return [("connect_failed", {"reason": message}), ("disconnect", None)]
        case control.Stopped():
            return [("disconnect", None)]
        case _:
            return []
