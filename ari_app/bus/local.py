"""The bus of a node that is alone: queues in this process."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.bus.queue import Listeners, QueuedSubscription


class LocalBus:
    """Publish and subscribe within this process."""

    def __init__(self, *, queue_limit: int = 1000) -> None:
        """Let each subscriber lag by ``queue_limit`` payloads at most."""
        self._limit = queue_limit
        self._listeners = Listeners()

    async def publish(self, channel: str, payload: bytes) -> int:
        """Give ``payload`` to every subscriber of ``channel``; return how many there are."""
        return self._listeners.give(channel, payload)

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish many in order."""
        for channel, payload in messages:
            await self.publish(channel, payload)

    async def count(self, channel: str) -> int:
        """Return how many subscribe to ``channel``."""
        return self._listeners.count(channel)

    def subscribe(self, channel: str) -> QueuedSubscription:
        """Listen to a channel from now on."""
        subscription = QueuedSubscription(
            channel, self._limit, forget=self._listeners.forget, ready=self._ready
        )
        self._listeners.add(subscription)
        return subscription

    async def keep(self, key: str, payload: bytes, seconds: int) -> None:
        """Do nothing: nobody else could come and look."""

    async def ping(self) -> None:
        """Do nothing: this bus is up as long as we are."""

    async def close(self) -> None:
        """End every subscription."""
        self._listeners.close()

    async def _ready(self, _channel: str) -> None:
        """Whoever subscribes here hears at once."""
