"""Queues in SQL: their names and sizes, not who waits in them (Twilio: Queue resource)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.errors import UnknownRecordError
from ari_app.model import Page, PageRequest, QueueRecord
from ari_app.store.database import Database
from ari_app.store.rows import read_page, to_record, to_row
from ari_app.store.tables import queues


class Queues:
    """Queues of all accounts; a name is unique in its account. May raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create(self, queue: QueueRecord) -> QueueRecord:
        """Insert. Raises DuplicateRecordError when the account has a queue of that name."""
        async with self._db.writing() as conn:
            await conn.execute(insert(queues).values(to_row(queue)))
        return queue

    async def get(self, account_sid: str, sid: str) -> QueueRecord:
        """Return the account's queue. Raises UnknownRecordError."""
        async with self._db.reading() as conn:
            return await _get(conn, account_sid, sid)

    async def find(self, account_sid: str, friendly_name: str) -> QueueRecord | None:
        """Return the account's queue of that name, or None."""
        query = select(queues).where(
            queues.c.account_sid == account_sid, queues.c.friendly_name == friendly_name
        )
        async with self._db.reading() as conn:
            row = (await conn.execute(query)).mappings().first()
        return None if row is None else to_record(QueueRecord, row)

    async def list(self, account_sid: str, page: PageRequest) -> Page[QueueRecord]:
        """Return one page, newest first. Raises PageTokenError."""
        where = [queues.c.account_sid == account_sid]
        async with self._db.reading() as conn:
            return await read_page(conn, queues, QueueRecord, where, page)

    async def update(self, account_sid: str, sid: str, **changes: Any) -> QueueRecord:
        """Change fields. Raises UnknownRecordError, DuplicateRecordError."""
        changes.setdefault("date_updated", datetime.now(UTC))
        async with self._db.writing() as conn:
            await conn.execute(_of(update(queues), account_sid, sid).values(changes))
            return await _get(conn, account_sid, sid)

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        async with self._db.writing() as conn:
            result = await conn.execute(_of(delete(queues), account_sid, sid))
        if result.rowcount == 0:
            raise UnknownRecordError(sid)


def _of(statement: Any, account_sid: str, sid: str) -> Any:
    return statement.where(queues.c.account_sid == account_sid, queues.c.sid == sid)


async def _get(conn: AsyncConnection, account_sid: str, sid: str) -> QueueRecord:
    row = (await conn.execute(_of(select(queues), account_sid, sid))).mappings().first()
    if row is None:
        raise UnknownRecordError(sid)
    return to_record(QueueRecord, row)
