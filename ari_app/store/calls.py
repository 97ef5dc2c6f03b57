"""Calls in SQL, with the place each running call has reached in its TwiML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.errors import UnknownRecordError
from ari_app.model import CallFilter, CallRecord, CallStatus, Checkpoint, Page, PageRequest
from ari_app.store.database import Database
from ari_app.store.rows import read_page, to_record, to_row, within
from ari_app.store.tables import calls

log = structlog.get_logger(__name__)

_FINAL = [status.value for status in CallStatus if status.final]
#: What a call that has ended never changes again.
_SETTLED = ("status", "start_time", "end_time", "duration")


class Calls:
    """Calls that run and calls that were. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def insert(self, call: CallRecord) -> CallRecord:
        """Insert. Raises DuplicateRecordError for a SID that is there."""
        async with self._db.writing() as conn:
            await conn.execute(insert(calls).values(to_row(call)))
        return call

    async def get(self, sid: str, account_sid: str | None = None) -> CallRecord:
        """Return the call (of that account, when one is named). Raises UnknownRecordError."""
        async with self._db.reading() as conn:
            return to_record(CallRecord, await _row(conn, sid, account_sid))

    async def find(self, sid: str) -> CallRecord | None:
        """Return the call, or None."""
        try:
            return await self.get(sid)
        except UnknownRecordError:
            return None

    async def list(
        self, account_sid: str, filters: CallFilter, page: PageRequest
    ) -> Page[CallRecord]:
        """Return one page, newest first. Raises PageTokenError."""
        where: list[ColumnElement[bool]] = [calls.c.account_sid == account_sid]
        for column, wanted in (
            (calls.c.to, filters.to),
            (calls.c.from_, filters.from_),
            (calls.c.status, filters.status),
            (calls.c.parent_call_sid, filters.parent_call_sid),
        ):
            if wanted is not None:
                where.append(column == wanted)
        where += within(calls.c.start_time, filters.started)
        where += within(calls.c.end_time, filters.ended)
        async with self._db.reading() as conn:
            return await read_page(conn, calls, CallRecord, where, page)

    async def update(self, sid: str, **changes: Any) -> CallRecord:
        """Change fields (named as in CallRecord) and return the call.

        A call that has ended keeps its status, times and duration whatever comes later
        (Twilio: terminal states never change); other fields may still be completed.

        Raises:
            UnknownRecordError: no such call.
        """
        changes.setdefault("date_updated", datetime.now(UTC))
        change = update(calls).where(calls.c.sid == sid)
        # One statement for a running call, which is nearly every time.
        running = change.where(calls.c.status.not_in(_FINAL)).values(changes).returning(calls)
        async with self._db.writing() as conn:
            row = (await conn.execute(running)).mappings().first()
            if row is None:
                row = await _row(conn, sid, None)
                late = {n: changes.pop(n) for n in _SETTLED if n in changes}
                if late.get("status", row["status"]) != row["status"]:
                    log.warning(
                        "late status ignored", call_sid=sid, status=row["status"], late=late
                    )
                await conn.execute(change.values(changes))
                row = await _row(conn, sid, None)
            return to_record(CallRecord, row)

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove a call's record. Raises UnknownRecordError."""
        async with self._db.writing() as conn:
            await _row(conn, sid, account_sid)
            await conn.execute(delete(calls).where(calls.c.sid == sid))

    async def checkpoint(self, sid: str, place: Checkpoint) -> None:
        """Note where the call stands in its TwiML. Raises UnknownRecordError."""
        change = (
            update(calls)
            .where(calls.c.sid == sid)
            .values(
                checkpoint_url=place.url,
                checkpoint_method=place.method,
                checkpoint_document=place.document,
                checkpoint_verb=place.verb,
            )
        )
        async with self._db.writing() as conn:
            result = await conn.execute(change)
        if result.rowcount == 0:
            raise UnknownRecordError(sid)

    async def unfinished(self, node: str) -> Sequence[tuple[CallRecord, Checkpoint | None]]:
        """Return the node's calls that have not ended, oldest first, each with its place.

        The place is None for a call that has not begun its first document.
        """
        query = (
            select(calls)
            .where(calls.c.node == node, calls.c.status.not_in(_FINAL))
            .order_by(calls.c.id)
        )
        async with self._db.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [(to_record(CallRecord, row), _place(row)) for row in rows]

    async def prune(self, before: datetime) -> int:
        """Remove calls that ended before then; return how many."""
        query = delete(calls).where(calls.c.status.in_(_FINAL), calls.c.end_time < before)
        async with self._db.writing() as conn:
            return (await conn.execute(query)).rowcount


async def _row(conn: AsyncConnection, sid: str, account_sid: str | None) -> RowMapping:
    query = select(calls).where(calls.c.sid == sid)
    if account_sid is not None:
        query = query.where(calls.c.account_sid == account_sid)
    row = (await conn.execute(query)).mappings().first()
    if row is None:
        raise UnknownRecordError(sid)
    return row


def _place(row: RowMapping) -> Checkpoint | None:
    if row["checkpoint_verb"] is None:
        return None
    return Checkpoint(
        url=row["checkpoint_url"],
        method=row["checkpoint_method"],
        document=row["checkpoint_document"],
        verb=row["checkpoint_verb"],
    )
