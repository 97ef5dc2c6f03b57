"""Conferences in SQL: those that run and those that were (Twilio: Conference resource)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update

from ari_app.errors import UnknownRecordError
from ari_app.model import ConferenceFilter, ConferenceRecord, Page, PageRequest
from ari_app.store.database import Database
from ari_app.store.rows import read_page, to_record, to_row, within
from ari_app.store.tables import conferences

_COMPLETED = "completed"


class Conferences:
    """Conferences of all accounts. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def insert(self, conference: ConferenceRecord) -> ConferenceRecord:
        """Insert. Raises DuplicateRecordError for a SID that is there."""
        async with self._db.writing() as conn:
            await conn.execute(insert(conferences).values(to_row(conference)))
        return conference

    async def get(self, account_sid: str, sid: str) -> ConferenceRecord:
        """Return the account's conference. Raises UnknownRecordError."""
        query = select(conferences).where(
            conferences.c.sid == sid, conferences.c.account_sid == account_sid
        )
        async with self._db.reading() as conn:
            row = (await conn.execute(query)).mappings().first()
        if row is None:
            raise UnknownRecordError(sid)
        return to_record(ConferenceRecord, row)

    async def list(
        self, account_sid: str, filters: ConferenceFilter, page: PageRequest
    ) -> Page[ConferenceRecord]:
        """Return one page, newest first. Raises PageTokenError."""
        where: list[ColumnElement[bool]] = [conferences.c.account_sid == account_sid]
        if filters.friendly_name is not None:
            where.append(conferences.c.friendly_name == filters.friendly_name)
        if filters.status is not None:
            where.append(conferences.c.status == filters.status)
        where += within(conferences.c.date_created, filters.created)
        where += within(conferences.c.date_updated, filters.updated)
        async with self._db.reading() as conn:
            return await read_page(conn, conferences, ConferenceRecord, where, page)

    async def update(self, sid: str, **changes: Any) -> None:
        """Change fields. Raises UnknownRecordError."""
        changes.setdefault("date_updated", datetime.now(UTC))
        change = update(conferences).where(conferences.c.sid == sid).values(changes)
        async with self._db.writing() as conn:
            result = await conn.execute(change)
        if result.rowcount == 0:
            raise UnknownRecordError(sid)

    async def unfinished(self, node: str) -> Sequence[ConferenceRecord]:
        """Return the node's conferences that have not ended, oldest first."""
        query = (
            select(conferences)
            .where(conferences.c.node == node, conferences.c.status != _COMPLETED)
            .order_by(conferences.c.id)
        )
        async with self._db.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [to_record(ConferenceRecord, row) for row in rows]

    async def prune(self, before: datetime) -> int:
        """Remove conferences that ended before then; return how many."""
        query = delete(conferences).where(
            conferences.c.status == _COMPLETED, conferences.c.date_updated < before
        )
        async with self._db.writing() as conn:
            return (await conn.execute(query)).rowcount
