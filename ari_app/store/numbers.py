"""Phone numbers in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.errors import UnknownRecordError
from ari_app.model import NumberFilter, Page, PageRequest, PhoneNumber
from ari_app.store.database import Database
from ari_app.store.rows import contains_pattern, read_page, to_record, to_row
from ari_app.store.tables import numbers


class Numbers:
    """The numbers that can be called. Every method may raise StoreUnavailable.

    A number is unique in the whole switch, with or without its plus sign: an INVITE names a
    number, not an account.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create(self, number: PhoneNumber) -> PhoneNumber:
        """Insert. Raises DuplicateRecordError when the number is taken."""
        async with self._db.writing() as conn:
            await conn.execute(insert(numbers).values(_row(number)))
        return number

    async def get(self, account_sid: str, sid: str) -> PhoneNumber:
        """Return the account's number. Raises UnknownRecordError."""
        async with self._db.reading() as conn:
            return await _get(conn, account_sid, sid)

    async def find(self, phone_number: str) -> PhoneNumber | None:
        """Return the number written ``phone_number``, with or without plus, of any account."""
        async with self._db.reading() as conn:
            query = select(numbers).where(numbers.c.digits == _digits(phone_number))
            row = (await conn.execute(query)).mappings().first()
        return None if row is None else to_record(PhoneNumber, row)

    async def list(
        self, account_sid: str, filters: NumberFilter, page: PageRequest
    ) -> Page[PhoneNumber]:
        """Return one page, newest first. Raises PageTokenError."""
        where: list[ColumnElement[bool]] = [numbers.c.account_sid == account_sid]
        if filters.phone_number is not None:
            pattern = contains_pattern(filters.phone_number)
            where.append(numbers.c.phone_number.like(pattern, escape="\\"))
        if filters.friendly_name is not None:
            where.append(numbers.c.friendly_name == filters.friendly_name)
        async with self._db.reading() as conn:
            return await read_page(conn, numbers, PhoneNumber, where, page)

    async def update(self, account_sid: str, sid: str, **changes: Any) -> PhoneNumber:
        """Change fields of a number and return it.

        Raises:
            UnknownRecordError: no such number in this account.
            DuplicateRecordError: the new ``phone_number`` is taken.
        """
        if "phone_number" in changes:
            changes["digits"] = _digits(changes["phone_number"])
        changes.setdefault("date_updated", datetime.now(UTC))
        async with self._db.writing() as conn:
            await conn.execute(_of(update(numbers), account_sid, sid).values(changes))
            return await _get(conn, account_sid, sid)

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        async with self._db.writing() as conn:
            result = await conn.execute(_of(delete(numbers), account_sid, sid))
        if result.rowcount == 0:
            raise UnknownRecordError(sid)

    async def sync_config(self, wanted: Iterable[PhoneNumber]) -> None:
        """Make the numbers of origin ``config`` exactly ``wanted``, in one transaction.

        A number already there keeps its SID and creation time, also one that REST made: the
        config file wins. Numbers no longer in the file go.
        """
        rows = {_digits(number.phone_number): _row(number) for number in wanted}
        async with self._db.alone() as conn:
            gone = numbers.c.origin == "config", numbers.c.digits.not_in(rows)
            await conn.execute(delete(numbers).where(*gone))
            for digits, row in rows.items():
                kept = {k: v for k, v in row.items() if k not in ("sid", "date_created")}
                change = update(numbers).where(numbers.c.digits == digits).values(kept)
                if (await conn.execute(change)).rowcount == 0:
                    await conn.execute(insert(numbers).values(row))


def _digits(phone_number: str) -> str:
    return phone_number.lstrip("+")


def _row(number: PhoneNumber) -> dict[str, Any]:
    return {**to_row(number), "digits": _digits(number.phone_number), "origin": number.origin}


def _of(statement: Any, account_sid: str, sid: str) -> Any:
    return statement.where(numbers.c.account_sid == account_sid, numbers.c.sid == sid)


async def _get(conn: AsyncConnection, account_sid: str, sid: str) -> PhoneNumber:
    row = (await conn.execute(_of(select(numbers), account_sid, sid))).mappings().first()
    if row is None:
        raise UnknownRecordError(sid)
    return to_record(PhoneNumber, row)
