"""What callback delivery needs of its store, and the bounds it keeps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ari_app.model import Delivery, HttpMethod


class Outbox(Protocol):
    """Where callbacks wait (SQL in production)."""

    async def put(
        self,
        *,
        url: str,
        method: HttpMethod,
        params: Mapping[str, str],
        account_sid: str,
        call_sid: str | None,
        sequence: int,
    ) -> Any:
        """Keep one; raises OutboxFullError at the bound, anything else when it cannot now."""

    async def due(
        self, now: datetime, limit: int, skip_hosts: Collection[str], /
    ) -> Sequence[Delivery]:
        """Return the oldest of each call whose time has come: never two of one call.

        One that waits for its next try, or goes to one of ``skip_hosts``, holds back the later
        ones of its call.
        """

    async def done(self, delivery_id: int, /) -> Any:
        """Forget one: delivered or given up."""

    async def retry(self, delivery_id: int, at: datetime, error: str, /) -> Any:
        """Count a failed try; the next is due at ``at``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackWarning:
    """A callback that was not accepted: ``code`` is 15003."""

    code: int
    message: str
    url: str
    method: HttpMethod
    account_sid: str
    call_sid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRules:
    """Bounds of delivery. Times are seconds.

    Pauses double from ``first_pause`` to ``longest_pause``, each shortened at random by up
    to half so that many callbacks do not knock at once. ``poll`` bounds how long a callback
    put by another process waits. ``backlog`` callbacks are held while the outbox is away.
    ``per_host`` of the ``concurrency`` places may be one host's: a dead one leaves the others.
    """

    concurrency: int = 32
    per_host: int = 8
    tries: int = 8
    first_pause: float = 1.0
    longest_pause: float = 60.0
    poll: float = 5.0
    backlog: int = 10_000
