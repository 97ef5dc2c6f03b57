"""What the tap needs of the bus between nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Subscription(Protocol):
    """The payloads of one channel, in order."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over payloads until closed."""
        ...

    def close(self) -> None:
        """Stop; the iteration ends."""
        ...


class Publisher(Protocol):
    """Where a tap is told."""

    async def publish(self, channel: str, payload: bytes) -> int:
        """Give ``payload`` to every subscriber; return how many. Raises ConnectionError."""
        ...


class Bus(Protocol):
    """Where listeners are heard."""

    def subscribe(self, channel: str) -> Subscription:
        """Listen to a channel from now on."""
        ...


#: Opens a connection that is the tap's own: calls' orders wait for no story.
OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]
