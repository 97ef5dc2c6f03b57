"""The outbox keeps callbacks in order and within its bound."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from ari_app.errors import OutboxFullError, UnknownRecordError
from ari_app.store import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = await Store.open(database, outbox_limit=5)
    yield opened
    await opened.close()


async def put(store: Store, call_sid: str | None, sequence: int = 0) -> int:
    return await store.outbox.put(
        "https://a/", "POST", {"a": "é"}, account_sid="AC1", call_sid=call_sid,
        sequence=sequence, due_at=NOW,
    )  # fmt: skip


async def test_a_callback_comes_back_as_it_went_in_until_done(store: Store) -> None:
    delivery_id = await put(store, "CA1", 7)
    [due] = await store.outbox.due(NOW, 10)
    assert (due.id, due.url, due.method, due.params) == (
        delivery_id,
        "https://a/",
        "POST",
        {"a": "é"},
    )
    assert (due.account_sid, due.call_sid, due.sequence, due.attempts) == ("AC1", "CA1", 7, 0)
    await store.outbox.done(delivery_id)
    await store.outbox.done(delivery_id)
    assert await store.outbox.due(NOW, 10) == []


async def test_a_call_s_callbacks_leave_in_order_though_the_first_must_wait(store: Store) -> None:
    first, second = await put(store, "CA1"), await put(store, "CA1")
    other = await put(store, "CA2")
    assert [d.id for d in await store.outbox.due(NOW, 10)] == [first, other]
    waiting = await store.outbox.retry(first, LATER, "x" * 10_000)
    assert waiting.attempts == 1
    assert len(waiting.error) <= 500
    assert [d.id for d in await store.outbox.due(NOW, 10)] == [other]
    await store.outbox.done(other)
    assert [d.id for d in await store.outbox.due(LATER, 10)] == [first]
    await store.outbox.done(first)
    assert [d.id for d in await store.outbox.due(NOW, 10)] == [second]
    with pytest.raises(UnknownRecordError):
        await store.outbox.retry(first, LATER, "")


async def test_callbacks_of_no_call_do_not_wait_for_each_other(store: Store) -> None:
    ids = [await put(store, None), await put(store, None)]
    assert [d.id for d in await store.outbox.due(NOW, 10)] == ids
    assert len(await store.outbox.due(NOW, 1)) == 1


async def test_the_outbox_says_when_it_is_full_and_when_to_look_again(store: Store) -> None:
    assert await store.outbox.next_due() is None
    for _ in range(5):
        await put(store, None)
    with pytest.raises(OutboxFullError):
        await put(store, None)
    assert await store.outbox.size() == 5
    assert await store.outbox.next_due() == NOW


async def test_callbacks_survive_a_restart(database: str) -> None:
    url = database
    first = await Store.open(url)
    delivery_id = await put(first, "CA1")
    await first.close()
    second = await Store.open(url)
    assert [d.id for d in await second.outbox.due(NOW, 10)] == [delivery_id]
    await second.close()


async def test_what_goes_to_a_host_that_is_skipped_waits(store: Store) -> None:
    for url in ("https://me:x@Dead.example/a", "https://dead.example/b", "https://ok.example"):
        await store.outbox.put(url, "POST", {}, account_sid="AC1", due_at=NOW)
    assert len(await store.outbox.due(NOW, 10)) == 3
    [due] = await store.outbox.due(NOW, 1, ["dead.example"])
    assert due.host == "ok.example"


async def test_a_callback_does_not_count_all_that_wait(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/db", outbox_limit=1000)
    counts = []

    def executed(*args: Any) -> None:
        if "count(" in args[2]:
            counts.append(args[2])

    event.listen(store.database.engine.sync_engine, "before_cursor_execute", executed)
    for number in range(20):
        await put(store, f"CA{number}")
    await store.close()
    assert len(counts) == 2


async def test_each_node_delivers_its_own_callbacks_only(database: str) -> None:
    one, two = [await Store.open(database, node=name) for name in ("n1", "n2")]
    mine, yours = await put(one, "CA1"), await put(two, "CA2")
    assert [d.id for d in await one.outbox.due(NOW, 10)] == [mine]
    assert [d.id for d in await two.outbox.due(NOW, 10)] == [yours]
    await one.outbox.done(mine)
    assert await one.outbox.next_due() is None
    assert await two.outbox.next_due() == NOW
    await one.close()
    await two.close()
