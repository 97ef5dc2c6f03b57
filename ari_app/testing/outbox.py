"""An outbox in memory, with the rules of the SQL one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import msgspec

from ari_app.errors import OutboxFullError
from ari_app.model import Delivery, HttpMethod
from ari_app.urls import host


class MemoryOutbox:
    """Keeps order per call and a bound; ``fail_with`` makes every method raise it.

    ``refused`` counts how often ``done`` or ``retry`` raised it.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self.waiting: dict[int, Delivery] = {}
        self.fail_with: Exception | None = None
        self.refused = 0
        self._limit = limit
        self._last_id = 0

    async def put(
        self,
        url: str,
        method: HttpMethod,
        params: Mapping[str, str],
        *,
        account_sid: str,
        call_sid: str | None = None,
        sequence: int = 0,
    ) -> int:
        """Keep a callback, due now; return its id. Raises OutboxFullError."""
        self._maybe_fail()
        if len(self.waiting) >= self._limit:
            raise OutboxFullError(f"{len(self.waiting)} callbacks wait")
        self._last_id += 1
        self.waiting[self._last_id] = Delivery(
            id=self._last_id,
            url=url,
            host=host(url),
            method=method,
            params=dict(params),
            account_sid=account_sid,
            call_sid=call_sid,
            sequence=sequence,
            attempts=0,
            due_at=datetime.now(UTC),
        )
        return self._last_id

    async def due(
        self, now: datetime, limit: int, skip_hosts: Collection[str] = ()
    ) -> list[Delivery]:
        """Return the oldest of each call whose time has come."""
        self._maybe_fail()
        heads: dict[str, Delivery] = {}
        for delivery in self.waiting.values():
            heads.setdefault(delivery.call_sid or f"id {delivery.id}", delivery)
        ready = (one for one in heads.values() if one.due_at <= now and one.host not in skip_hosts)
        return list(ready)[:limit]

    async def done(self, delivery_id: int) -> None:
        """Forget a callback; twice is harmless."""
        self._maybe_fail(outcome=True)
        self.waiting.pop(delivery_id, None)

    async def retry(self, delivery_id: int, at: datetime, error: str) -> None:
        """Count a failed try and set the next."""
        self._maybe_fail(outcome=True)
        waiting = self.waiting[delivery_id]
        self.waiting[delivery_id] = msgspec.structs.replace(
            waiting, due_at=at, error=error, attempts=waiting.attempts + 1
        )

    def _maybe_fail(self, *, outcome: bool = False) -> None:
        if self.fail_with is not None:
            self.refused += outcome
            raise self.fail_with
