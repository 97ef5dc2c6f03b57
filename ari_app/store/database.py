"""The engine: connections, transactions, and every database trouble as one typed error.

SQLAlchemy's Core rather than its ORM: the records are frozen structs, a statement is a line,
and there is no identity map to go stale while several tasks write.

SQLite runs in WAL mode (readers never wait for the writer) with ``synchronous=NORMAL`` (a power
cut may lose the last moments, never the file), foreign keys on and a busy timeout. What reads is
one statement, which is a transaction of its own: a BEGIN would cost three more ways to the
driver's thread. Writing transactions begin IMMEDIATE, since one that starts as a reader may be
refused at its first write, and queue on a lock of ours, since SQLite's own waiting is a
sleep-and-retry without order.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ari_app.errors import DuplicateRecordError, StoreUnavailable

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_DRIVERS["postgres"] = _DRIVERS["postgresql"]
#: Any fixed number: nodes that start together on one PostgreSQL take turns by it.
_TURN = 0x41524953


class Database:
    """An engine with three kinds of access: ``reading``, ``writing`` and writing ``alone``."""

    def __init__(self, url: str, *, busy_timeout: float = 5.0) -> None:
        """Prepare the engine for ``url``; nothing is opened yet. Times in seconds."""
        parsed = _with_driver(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self._writer: asyncio.Lock | None = asyncio.Lock() if self.sqlite else None
        if self.sqlite:
            _prepare_file(parsed)
        self.engine: AsyncEngine = create_async_engine(
            parsed,
            pool_timeout=busy_timeout,
            pool_pre_ping=not self.sqlite,
        )
        if self.sqlite:
            _tune_sqlite(self.engine, busy_timeout)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one statement that only reads. Raises StoreUnavailable."""
        with translated():
            async with self.engine.connect() as conn:
                yield conn

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end. Raises StoreUnavailable, DuplicateRecordError."""
        async with AsyncExitStack() as stack:
            if self._writer is not None:
                await stack.enter_async_context(self._writer)
            with translated():
                conn = await stack.enter_async_context(self.engine.connect())
                conn = await conn.execution_options(ariswitch_write=True)
                async with conn.begin():
                    yield conn

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """As ``writing``, with no other node in here at the same time.

        For what each node does as it starts: two that find a row missing would both make it.
        """
        async with self.writing() as conn:
            if not self.sqlite:  # a writer of SQLite is alone in any case
                await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURN})
            yield conn

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


class translated:  # noqa: N801 - reads as a statement: `with translated():`
    """Turn a driver's failures into StoreUnavailable, a broken unique key into Duplicate."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sa_exc.IntegrityError):
            raise DuplicateRecordError(str(error.orig)) from error
        if isinstance(error, sa_exc.ProgrammingError | sa_exc.DataError):
            return  # a fault of ours: let it be seen as one
        if isinstance(error, sa_exc.DBAPIError):
            raise StoreUnavailable(str(error.orig)) from error
        if isinstance(error, sa_exc.TimeoutError | OSError):
            raise StoreUnavailable(str(error)) from error


def _with_driver(url: str) -> URL:
    parsed = make_url(url)
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


def _prepare_file(url: URL) -> None:
    """Make the SQLite file readable by its owner only: it holds auth tokens."""
    if not url.database or url.database == ":memory:":
        raise ValueError("a database file is needed: every connection must see the same data")
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}") from error


def _tune_sqlite(engine: AsyncEngine, busy_timeout: float) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        # Our own BEGIN (below) instead of the driver's, which comes late and is never IMMEDIATE.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(busy_timeout * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("ariswitch_write", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
