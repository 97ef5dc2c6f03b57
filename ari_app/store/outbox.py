"""Callbacks on their way, in SQL, so that a restart loses none.

Each node delivers what it has put itself: nodes on one database deliver nothing twice, and a
call's callbacks stay in order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.errors import OutboxFullError, UnknownRecordError
from ari_app.model import Delivery, HttpMethod
from ari_app.store.database import Database
from ari_app.store.rows import to_record
from ari_app.store.tables import calls, outbox
from ari_app.urls import host

log = structlog.get_logger(__name__)

#: What callbacks of a call's progress say of themselves (Twilio: CallbackSource).
_PROGRESS = "call-progress-events"
#: An error text is kept for the operator's eye; this much of it is enough.
_ERROR_LENGTH = 500


class Outbox:
    """A bounded queue of HTTP callbacks. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database, limit: int, node: str = "") -> None:
        """Hold at most ``limit`` callbacks, and deliver those that ``node`` has put."""
        self._db = database
        self._node = node
        self._limit = limit
        self._room = 0  # so many may be put before the table is counted again

    async def put(
        self,
        url: str,
        method: HttpMethod,
        params: Mapping[str, str],
        *,
        account_sid: str,
        call_sid: str | None = None,
        sequence: int = 0,
        due_at: datetime | None = None,
    ) -> int:
        """Keep a callback, due now unless told otherwise; return its id.

        Raises:
            OutboxFullError: as many wait as the outbox may hold.

        A call's progress that another node has brought to its end is not told again: 0.
        """
        values = {
            "url": url,
            "host": host(url),
            "method": method,
            "params": dict(params),
            "account_sid": account_sid,
            "call_sid": call_sid,
            "sequence": sequence,
            "attempts": 0,
            "due_at": due_at or datetime.now(UTC),
            "error": "",
            "node": self._node,
        }
        async with self._db.writing() as conn:
            if self._room <= 0:
                self._room = await self._count_room(conn)
            if params.get("CallbackSource") == _PROGRESS and await self._settled(conn, call_sid):
                log.warning("callback.settled", call_sid=call_sid, sequence=sequence)
                return 0
            result = await conn.execute(insert(outbox).values(values).returning(outbox.c.id))
            self._room -= 1
            return int(result.scalar_one())

    async def _settled(self, conn: AsyncConnection, call_sid: str | None) -> bool:
        """Tell whether another node has ended the call in the books."""
        mark = select(calls.c.settled_by).where(calls.c.sid == call_sid)
        return (await conn.execute(mark)).scalar() not in (None, self._node)

    async def _count_room(self, conn: AsyncConnection) -> int:
        """Return how many may be put without counting again: a hundredth of the limit at most.

        Counting reads the whole table. Nodes that share it may pass the limit by that much.
        """
        waiting = (await conn.execute(select(func.count()).select_from(outbox))).scalar_one()
        if waiting >= self._limit:
            raise OutboxFullError(f"{waiting} callbacks wait")
        return min(self._limit - waiting, max(1, self._limit // 100))

    async def due(
        self, now: datetime, limit: int, skip_hosts: Collection[str] = ()
    ) -> list[Delivery]:
        """Return up to ``limit`` callbacks to send now, oldest first, none to ``skip_hosts``.

        Of each call only the oldest is returned, and nothing while that one waits for its
        retry: a call's callbacks leave in the order they were made.
        """
        earlier = outbox.alias("earlier")
        blocked = (
            select(earlier.c.id)
            .where(earlier.c.call_sid == outbox.c.call_sid, earlier.c.id < outbox.c.id)
            .exists()
        )
        query = (
            select(outbox)
            .where(self._mine(), outbox.c.due_at <= now)
            .where(outbox.c.host.not_in(skip_hosts), ~blocked)
            .order_by(outbox.c.due_at, outbox.c.id)
            .limit(limit)
        )
        async with self._db.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [to_record(Delivery, row) for row in rows]

    async def next_due(self) -> datetime | None:
        """Return the earliest time at which something falls due; None when nothing waits."""
        async with self._db.reading() as conn:
            query = select(func.min(outbox.c.due_at)).where(self._mine())
            earliest: datetime | None = (await conn.execute(query)).scalar_one()
        return earliest

    async def done(self, delivery_id: int) -> None:
        """Forget a callback: it has arrived, or was given up. Doing so twice is harmless."""
        async with self._db.writing() as conn:
            await conn.execute(delete(outbox).where(outbox.c.id == delivery_id))

    async def retry(self, delivery_id: int, at: datetime, error: str) -> Delivery:
        """Count a failed try and set the next. Raises UnknownRecordError."""
        change = (
            update(outbox)
            .where(outbox.c.id == delivery_id)
            .values(due_at=at, error=error[:_ERROR_LENGTH], attempts=outbox.c.attempts + 1)
        )
        async with self._db.writing() as conn:
            await conn.execute(change)
            query = select(outbox).where(outbox.c.id == delivery_id)
            row = (await conn.execute(query)).mappings().first()
            if row is None:
                raise UnknownRecordError(str(delivery_id))
            return to_record(Delivery, row)

    def _mine(self) -> ColumnElement[bool]:
        """Whether this node delivers it: a call's callbacks are all put by the call's node."""
        return outbox.c.node.in_((self._node, ""))

    async def size(self) -> int:
        """Return how many callbacks wait."""
        async with self._db.reading() as conn:
            return (await conn.execute(select(func.count()).select_from(outbox))).scalar_one()
