"""A subscriber's bounded queue, whatever bus fills it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


class QueuedSubscription:
    """One reader of one channel."""

    def __init__(
        self,
        channel: str,
        limit: int,
        *,
        forget: Callable[[QueuedSubscription], None],
        ready: Callable[[str], Awaitable[None]],
    ) -> None:
        """Let the reader lag by ``limit`` payloads; ``forget`` is called when it closes."""
        self.channel = channel
        self.dropped = 0
        self._queue: deque[bytes] = deque(maxlen=limit)
        self._wake = asyncio.Event()
        self._closed = False
        self._forget = forget
        self._ready = ready

    def put(self, payload: bytes) -> None:
        """Queue a payload; at the bound the oldest goes, and the first loss is logged."""
        if len(self._queue) == self._queue.maxlen:
            if self.dropped == 0:
                log.warning("bus subscriber too slow, oldest payloads drop", channel=self.channel)
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

    async def ready(self) -> None:
        """Wait until what anybody publishes from now on arrives here."""
        await self._ready(self.channel)

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._wake.set()
        self._forget(self)


class Listeners:
    """The subscriptions of a bus, by channel."""

    def __init__(self) -> None:
        self._channels: dict[str, list[QueuedSubscription]] = {}

    @property
    def channels(self) -> set[str]:
        """Channels that somebody listens to."""
        return set(self._channels)

    def add(self, subscription: QueuedSubscription) -> None:
        """Take in a subscription."""
        self._channels.setdefault(subscription.channel, []).append(subscription)

    def forget(self, subscription: QueuedSubscription) -> None:
        """Drop a closed subscription; doing so twice is harmless."""
        listeners = self._channels.get(subscription.channel, [])
        if subscription in listeners:
            listeners.remove(subscription)
        if not listeners:
            self._channels.pop(subscription.channel, None)

    def count(self, channel: str) -> int:
        """Return how many listen to ``channel``."""
        return len(self._channels.get(channel, ()))

    def give(self, channel: str, payload: bytes) -> int:
        """Give ``payload`` to all of ``channel``; return how many they are."""
        listeners = self._channels.get(channel, ())
        for listener in listeners:
            listener.put(payload)
        return len(listeners)

    def close(self) -> None:
        """End every subscription."""
        for listeners in list(self._channels.values()):
            for listener in list(listeners):
                listener.close()
