"""Notifications (errors and warnings a customer should see) in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select

from ari_app.errors import UnknownRecordError
from ari_app.model import Notification, NotificationFilter, Page, PageRequest
from ari_app.store.database import Database
from ari_app.store.rows import read_page, to_record, to_row, within
from ari_app.store.tables import notifications


class Notifications:
    """What went wrong, per account and call. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, notification: Notification) -> Notification:
        """Insert."""
        async with self._db.writing() as conn:
            await conn.execute(insert(notifications).values(to_row(notification)))
        return notification

    async def get(self, account_sid: str, sid: str) -> Notification:
        """Return the account's notification. Raises UnknownRecordError."""
        query = select(notifications).where(
            notifications.c.sid == sid, notifications.c.account_sid == account_sid
        )
        async with self._db.reading() as conn:
            row = (await conn.execute(query)).mappings().first()
        if row is None:
            raise UnknownRecordError(sid)
        return to_record(Notification, row)

    async def list(
        self, account_sid: str, filters: NotificationFilter, page: PageRequest
    ) -> Page[Notification]:
        """Return one page, newest first. Raises PageTokenError."""
        where: list[ColumnElement[bool]] = [notifications.c.account_sid == account_sid]
        if filters.call_sid is not None:
            where.append(notifications.c.call_sid == filters.call_sid)
        if filters.log is not None:
            where.append(notifications.c.log == filters.log)
        where += within(notifications.c.date_created, filters.dated)
        async with self._db.reading() as conn:
            return await read_page(conn, notifications, Notification, where, page)

    async def prune(self, before: datetime) -> int:
        """Remove notifications made before then; return how many."""
        query = delete(notifications).where(notifications.c.date_created < before)
        async with self._db.writing() as conn:
            return (await conn.execute(query)).rowcount
