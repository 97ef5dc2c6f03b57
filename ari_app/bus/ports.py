"""What a bus does, whatever carries it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol


class Subscription(Protocol):
    """The payloads of one channel, in order, from the moment of subscribing.

    A reader too slow for its bounded queue loses the oldest payloads; ``dropped`` counts them.
    """

    dropped: int

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over payloads until closed."""
        ...

    async def ready(self) -> None:
        """Wait until what anybody publishes from now on arrives here."""
        ...

    def close(self) -> None:
        """Stop; the iteration ends."""
        ...


class Bus(Protocol):
    """Publish and subscribe. What it cannot carry now raises ConnectionError."""

    async def publish(self, channel: str, payload: bytes) -> int:
        """Give ``payload`` to every subscriber of ``channel``; return how many there are."""
        ...

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish many, each a channel and a payload, in order and at one go."""
        ...

    async def count(self, channel: str) -> int:
        """Return how many subscribe to ``channel`` at the moment."""
        ...

    def subscribe(self, channel: str) -> Subscription:
        """Listen to a channel from now on."""
        ...

    async def keep(self, key: str, payload: bytes, seconds: int) -> None:
        """Leave ``payload`` under ``key`` for who comes later, for so many seconds."""
        ...

    async def ping(self) -> None:
        """Raise ConnectionError when the bus cannot carry anything now."""
        ...

    async def close(self) -> None:
        """End every subscription."""
        ...
