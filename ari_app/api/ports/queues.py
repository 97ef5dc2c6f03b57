"""Queues and who waits in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ari_app.model import Account, Endpoint, Page, PageRequest, QueueMember, QueueRecord


class QueueState(msgspec.Struct, frozen=True):
    """A queue with how many wait in it, and for how many seconds on average."""

    queue: QueueRecord
    size: int = 0
    average_wait: int = 0


class QueueService(Protocol):
    """Knows and changes queues. Anything may raise StoreUnavailable.

    ``member`` is the SID of a call, or ``Front``. What does not exist raises
    UnknownRecordError.
    """

    async def create(self, account: Account, name: str, size: int) -> QueueState:
        """Make a queue. Raises ApiError 400/22003 when there is one of that name."""
        ...

    async def list(self, account: Account, page: PageRequest) -> Page[QueueState]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def get(self, account: Account, sid: str) -> QueueState:
        """Return a queue."""
        ...

    async def update(
        self, account: Account, sid: str, *, name: str | None, size: int | None
    ) -> QueueState:
        """Change a queue. Raises ApiError 400/22003 when the name is taken."""
        ...

    async def delete(self, account: Account, sid: str) -> None:
        """Remove an empty queue. Raises ApiError 400/22005 when somebody waits in it."""
        ...

    async def members(self, account: Account, sid: str) -> Sequence[QueueMember]:
        """Return who waits, first come first."""
        ...

    async def member(self, account: Account, sid: str, member: str) -> QueueMember:
        """Return one who waits."""
        ...

    async def dequeue(
        self, account: Account, sid: str, member: str, source: Endpoint
    ) -> QueueMember:
        """Take one out and give him the document of ``source``; returns how he stood."""
        ...
