"""Transcriptions of recordings in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update

from ari_app.errors import UnknownRecordError
from ari_app.model import Page, PageRequest, TranscriptionRecord
from ari_app.store.database import Database
from ari_app.store.rows import read_page, to_record, to_row
from ari_app.store.tables import transcriptions


class Transcriptions:
    """What was said in recordings. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def insert(self, transcription: TranscriptionRecord) -> TranscriptionRecord:
        """Insert. Raises DuplicateRecordError for a SID that is there."""
        async with self._db.writing() as conn:
            await conn.execute(insert(transcriptions).values(to_row(transcription)))
        return transcription

    async def get(self, account_sid: str, sid: str) -> TranscriptionRecord:
        """Return the account's transcription. Raises UnknownRecordError."""
        query = select(transcriptions).where(
            transcriptions.c.sid == sid, transcriptions.c.account_sid == account_sid
        )
        async with self._db.reading() as conn:
            row = (await conn.execute(query)).mappings().first()
        if row is None:
            raise UnknownRecordError(sid)
        return to_record(TranscriptionRecord, row)

    async def list(
        self, account_sid: str, recording_sid: str | None, page: PageRequest
    ) -> Page[TranscriptionRecord]:
        """Return one page, newest first. Raises PageTokenError."""
        where: list[ColumnElement[bool]] = [transcriptions.c.account_sid == account_sid]
        if recording_sid is not None:
            where.append(transcriptions.c.recording_sid == recording_sid)
        async with self._db.reading() as conn:
            return await read_page(conn, transcriptions, TranscriptionRecord, where, page)

    async def update(self, sid: str, **changes: Any) -> None:
        """Change fields, named as in TranscriptionRecord. Raises UnknownRecordError."""
        changes.setdefault("date_updated", datetime.now(UTC))
        change = update(transcriptions).where(transcriptions.c.sid == sid).values(changes)
        async with self._db.writing() as conn:
            if (await conn.execute(change)).rowcount == 0:
                raise UnknownRecordError(sid)

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        mine = (transcriptions.c.sid == sid) & (transcriptions.c.account_sid == account_sid)
        async with self._db.writing() as conn:
            if (await conn.execute(delete(transcriptions).where(mine))).rowcount == 0:
                raise UnknownRecordError(sid)

    async def unfinished(self, node: str) -> Sequence[TranscriptionRecord]:
        """Return the node's transcriptions that are not done, oldest first."""
        query = (
            select(transcriptions)
            .where(transcriptions.c.node == node, transcriptions.c.status == "in-progress")
            .order_by(transcriptions.c.id)
        )
        async with self._db.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [to_record(TranscriptionRecord, row) for row in rows]

    async def prune(self, before: datetime) -> int:
        """Remove what was done before then; return how many."""
        query = delete(transcriptions).where(
            transcriptions.c.date_updated < before, transcriptions.c.status != "in-progress"
        )
        async with self._db.writing() as conn:
            return (await conn.execute(query)).rowcount
