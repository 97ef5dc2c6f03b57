"""A store in trouble says so with one typed error, and works again afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from ari_app.errors import StoreUnavailable
from ari_app.model import Account, CallFilter, CallRecord, CallStatus, Direction, PageRequest
from ari_app.sids import new_sid
from ari_app.store import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AC = new_sid("AC")
ACCOUNT = Account(
    sid=AC, auth_token="t" * 32, friendly_name="Test", date_created=NOW, date_updated=NOW
)


def call() -> CallRecord:
    return CallRecord(
        sid=new_sid("CA"),
        account_sid=AC,
        direction=Direction.INBOUND,
        from_="+15550002",
        to="+15550001",
        status=CallStatus.RINGING,
        twiml="<Response/>" * 300,
        date_created=NOW,
        date_updated=NOW,
    )


async def test_a_locked_file_is_unavailable_to_writers_while_readers_go_on(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/db", busy_timeout=0.05)
    await store.accounts.ensure(ACCOUNT)
    with sqlite3.connect(tmp_path / "db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.calls.insert(call())
        assert await store.accounts.get(AC) == ACCOUNT
        await store.ping()
        other.execute("ROLLBACK")
    other.close()
    await store.calls.insert(call())
    await store.close()


async def test_a_full_disk_is_unavailable_and_what_was_written_stays(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/db")
    await store.accounts.ensure(ACCOUNT)

    @event.listens_for(store.database.engine.sync_engine, "begin")
    def no_more_pages(connection: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=40")  # type: ignore[attr-defined]

    kept: list[str] = []

    async def fill() -> None:
        while len(kept) < 1000:
            kept.append((await store.calls.insert(call())).sid)

    with pytest.raises(StoreUnavailable, match="full"):
        await fill()
    page = await store.calls.list(AC, CallFilter(), PageRequest(size=1000))
    assert [c.sid for c in page.items] == kept[::-1]
    await store.close()


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"something else altogether" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await Store.open(f"sqlite:///{tmp_path}/db")


async def test_a_place_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable):
        await Store.open(f"sqlite:///{tmp_path}/file/db")


async def test_many_writers_at_once_all_succeed(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/db")
    await store.accounts.ensure(ACCOUNT)
    made = await store.calls.insert(call())
    writes = [store.calls.insert(call()) for _ in range(50)]
    changes = [store.calls.update(made.sid, sip_response_code=n) for n in range(50)]
    await asyncio.gather(*writes, *changes)
    page = await store.calls.list(AC, CallFilter(), PageRequest(size=1000))
    assert len(page.items) == 51
    await store.close()


async def test_two_stores_on_one_file_migrate_and_write_in_turns(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/db"
    first, second = await asyncio.gather(Store.open(url), Store.open(url))
    await first.accounts.ensure(ACCOUNT)
    await asyncio.gather(*(s.calls.insert(call()) for s in (first, second) for _ in range(10)))
    page = await second.calls.list(AC, CallFilter(), PageRequest(size=1000))
    assert len(page.items) == 20
    await first.close()
    await second.close()


async def test_a_cancelled_writer_leaves_no_lock_behind(tmp_path: Path) -> None:
    """A call task is cancelled at any moment: by hangup, update or time limit."""
    store = await Store.open(f"sqlite:///{tmp_path}/db", busy_timeout=1.0)
    await store.accounts.ensure(ACCOUNT)
    for turns in range(40):
        task = asyncio.create_task(store.calls.insert(call()))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await store.calls.insert(call())
    await store.close()
