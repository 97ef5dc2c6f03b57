"""Rows to records and back, and pages of them."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.errors import PageTokenError
from ari_app.model import Page, PageRequest, Span

R = TypeVar("R", bound=msgspec.Struct)

#: No list is read deeper by page number than this; tokens reach any depth.
_DEEPEST = 1_000_000

_TOKEN = re.compile(r"(PA|PB)([0-9a-f]{1,15})")


def to_row(record: msgspec.Struct) -> dict[str, Any]:
    """Return the record's fields as column values; inner structs stay for the Json type."""
    return {name: getattr(record, name) for name in record.__struct_fields__}


def to_record(kind: type[R], row: RowMapping) -> R:
    """Build a record of ``kind`` from the columns that bear its fields' names."""
    return msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind)


def within(column: ColumnElement[Any], span: Span) -> list[ColumnElement[bool]]:
    """Return the conditions that hold ``column`` in ``span``."""
    conditions = []
    if span.since is not None:
        conditions.append(column >= span.since)
    if span.until is not None:
        conditions.append(column <= span.until)
    return conditions


def contains_pattern(part: str) -> str:
    """Return the LIKE pattern (escape ``\\``) for text holding ``part``, ``*`` any one digit."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped.replace('*', '_')}%"


async def read_page(
    conn: AsyncConnection,
    table: Table,
    kind: type[R],
    where: list[ColumnElement[bool]],
    request: PageRequest,
) -> Page[R]:
    """Read one page, newest first.

    A token names a row (``PA`` before it, ``PB`` after it), so that rows that come or go while a
    client walks the pages neither repeat nor hide others. A token we did not make is an error.

    Raises:
        PageTokenError: the token is not one of ours.
    """
    key = table.c.id
    query = select(table).where(*where)
    back = False
    if request.token is None:
        query = query.order_by(key.desc()).offset(min(request.number * request.size, _DEEPEST))
    else:
        back, place = _read_token(request.token)
        if back:
            query = query.where(key > place).order_by(key.asc())
        else:
            query = query.where(key < place).order_by(key.desc())
    rows = list((await conn.execute(query.limit(request.size + 1))).mappings())
    more = len(rows) > request.size
    rows = rows[: request.size]
    if back:
        rows.reverse()
    older, newer = (True, more) if back else (more, request.number > 0)
    return Page(
        items=tuple(to_record(kind, row) for row in rows),
        number=request.number,
        size=request.size,
        next_token=f"PA{rows[-1]['id']:x}" if rows and older else None,
        previous_token=f"PB{rows[0]['id']:x}" if rows and newer else None,
    )


def _read_token(token: str) -> tuple[bool, int]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise PageTokenError("unknown page token")
    return match[1] == "PB", int(match[2], 16)
