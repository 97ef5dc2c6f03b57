"""Recordings in SQL: what is recorded now, what was, and what has been deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update

from ari_app.errors import UnknownRecordError
from ari_app.model import (
    Page,
    PageRequest,
    RecordingFilter,
    RecordingRecord,
    RecordingStatus,
)
from ari_app.store.database import Database
from ari_app.store.rows import read_page, to_record, to_row, within
from ari_app.store.tables import recordings

_RUNNING = [status.value for status in RecordingStatus if not status.final]
_DELETED = RecordingStatus.DELETED.value


class Recordings:
    """Records of recordings. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database, node: str = "") -> None:
        """``node`` is whose files lie here; without a name, all are."""
        self._db = database
        self._node = node

    async def insert(self, recording: RecordingRecord) -> RecordingRecord:
        """Insert. Raises DuplicateRecordError for a SID that is there."""
        async with self._db.writing() as conn:
            await conn.execute(insert(recordings).values(to_row(recording)))
        return recording

    async def get(self, account_sid: str, sid: str) -> RecordingRecord:
        """Return the account's recording, a deleted one too. Raises UnknownRecordError."""
        query = select(recordings).where(
            recordings.c.sid == sid, recordings.c.account_sid == account_sid
        )
        async with self._db.reading() as conn:
            row = (await conn.execute(query)).mappings().first()
        if row is None:
            raise UnknownRecordError(sid)
        return to_record(RecordingRecord, row)

    async def list(
        self, account_sid: str, filters: RecordingFilter, page: PageRequest
    ) -> Page[RecordingRecord]:
        """Return one page, newest first. Raises PageTokenError."""
        where: list[ColumnElement[bool]] = [recordings.c.account_sid == account_sid]
        if filters.call_sid is not None:
            where.append(recordings.c.call_sid == filters.call_sid)
        if filters.conference_sid is not None:
            where.append(recordings.c.conference_sid == filters.conference_sid)
        if not filters.include_deleted:
            where.append(recordings.c.status != _DELETED)
        where += within(recordings.c.date_created, filters.created)
        async with self._db.reading() as conn:
            return await read_page(conn, recordings, RecordingRecord, where, page)

    async def update(self, sid: str, **changes: Any) -> None:
        """Change fields, named as in RecordingRecord. Raises UnknownRecordError."""
        changes.setdefault("date_updated", datetime.now(UTC))
        change = update(recordings).where(recordings.c.sid == sid).values(changes)
        async with self._db.writing() as conn:
            if (await conn.execute(change)).rowcount == 0:
                raise UnknownRecordError(sid)

    async def unfinished(self, node: str) -> Sequence[RecordingRecord]:
        """Return the node's recordings whose file is not ready, oldest first."""
        query = (
            select(recordings)
            .where(recordings.c.node == node, recordings.c.status.in_(_RUNNING))
            .order_by(recordings.c.id)
        )
        async with self._db.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [to_record(RecordingRecord, row) for row in rows]

    async def before(self, moment: datetime, *, deleted: bool, limit: int = 500) -> Sequence[str]:
        """Return SIDs of the node's recordings that ended before then: deleted ones, or others."""
        kind = recordings.c.status == _DELETED
        query = (
            select(recordings.c.sid)
            .where(
                recordings.c.date_updated < moment,
                recordings.c.status.not_in(_RUNNING),
                kind if deleted else ~kind,
            )
            .limit(limit)
        )
        if self._node:  # another node's files are not ours to remove
            query = query.where(recordings.c.node.in_((self._node, "")))
        async with self._db.reading() as conn:
            return list((await conn.execute(query)).scalars())

    async def forget(self, sids: Sequence[str]) -> None:
        """Remove records."""
        async with self._db.writing() as conn:
            await conn.execute(delete(recordings).where(recordings.c.sid.in_(sids)))
