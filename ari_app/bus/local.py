"""The bus of a node that is alone: queues in this process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import structlog

log = structlog.get_logger(__name__)


class LocalSubscription:
    """One reader's bounded queue."""

    def __init__(self, bus: LocalBus, channel: str, limit: int) -> None:
        self.dropped = 0
        self._bus = bus
        self._channel = channel
        self._queue: deque[bytes] = deque(maxlen=limit)
        self._wake = asyncio.Event()
        self._closed = False

    def put(self, payload: bytes) -> None:
        """Queue a payload; at the bound the oldest goes, and the first loss is logged."""
        if len(self._queue) == self._queue.maxlen:
            if self.dropped == 0:
                log.warning("bus subscriber too slow, oldest payloads drop", channel=self._channel)
            self.dropped += 1
        self._queue.append(payload)
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield payloads; what is queued when the subscription closes is still delivered."""
        while True:
            while self._queue:
                yield self._queue.popleft()
            if self._closed:
                return
            self._wake.clear()
            await self._wake.wait()

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._wake.set()
        self._bus.forget(self._channel, self)


class LocalBus:
    """Publish and subscribe within this process."""

    def __init__(self, *, queue_limit: int = 1000) -> None:
        """Let each subscriber lag by ``queue_limit`` payloads at most."""
        self._limit = queue_limit
        self._channels: dict[str, list[LocalSubscription]] = {}

    async def publish(self, channel: str, payload: bytes) -> int:
        """Give ``payload`` to every subscriber of ``channel``; return how many there are."""
        listeners = self._channels.get(channel, ())
        for listener in listeners:
            listener.put(payload)
        return len(listeners)

    def subscribe(self, channel: str) -> LocalSubscription:
        """Listen to a channel from now on."""
        subscription = LocalSubscription(self, channel, self._limit)
        self._channels.setdefault(channel, []).append(subscription)
        return subscription

    def forget(self, channel: str, subscription: LocalSubscription) -> None:
        """Drop a closed subscription; doing so twice is harmless."""
        listeners = self._channels.get(channel, [])
        if subscription in listeners:
            listeners.remove(subscription)
        if not listeners:
            self._channels.pop(channel, None)

    async def ping(self) -> None:
        """Do nothing: this bus is up as long as we are."""

    async def close(self) -> None:
        """End every subscription."""
        for listeners in list(self._channels.values()):
            for listener in list(listeners):
                listener.close()
