"""What the room asks of a bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class Subscription(Protocol):
    """The payloads of one channel."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over payloads until closed."""
        ...

    async def ready(self) -> None:
        """Wait until what is published arrives."""
        ...

    def close(self) -> None:
        """Stop; the iteration ends."""
        ...


class Bus(Protocol):
    """Carries payloads between nodes; what it cannot carry now raises ConnectionError."""

    async def publish(self, channel: str, payload: bytes) -> int:
        """Give ``payload`` to every subscriber; return how many there are."""
        ...

    async def count(self, channel: str) -> int:
        """Return how many subscribe to ``channel`` at the moment."""
        ...

    def subscribe(self, channel: str) -> Subscription:
        """Listen to a channel from now on."""
        ...

    async def keep(self, key: str, payload: bytes, seconds: int) -> None:
        """Leave ``payload`` under ``key`` for so many seconds."""
        ...
