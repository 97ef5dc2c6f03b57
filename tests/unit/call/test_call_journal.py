"""Writes reach the store in the end, in order, and never without bound."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.call import journal
from ari_app.call.journal import Journal
from ari_app.errors import StoreUnavailable, UnknownRecordError


class Recorder:
    """A store that fails ``failures`` times."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.written: list[int] = []
        self.tries = 0
        self._failures = failures
        self._error = error or StoreUnavailable("away")

    async def write(self, number: int) -> None:
        self.tries += 1
        if self._failures > 0:
            self._failures -= 1
            raise self._error
        self.written.append(number)


async def write_all(store: Recorder, count: int) -> None:
    log = Journal("CA1")
    for number in range(count):
        log.later(lambda number=number: store.write(number))  # type: ignore[misc]
    await log.flush()


async def test_writes_happen_in_order_though_the_store_was_away() -> None:
    store = Recorder(failures=30)
    await write_all(store, 5)
    assert store.written == [0, 1, 2, 3, 4]


async def test_a_write_that_the_record_refuses_does_not_hold_up_the_next() -> None:
    store = Recorder(failures=1, error=UnknownRecordError("deleted meanwhile"))
    await write_all(store, 3)
    assert store.written == [1, 2]


async def test_an_unforeseen_failure_is_not_tried_for_ever() -> None:
    store = Recorder(failures=journal.MAX_FAULTS, error=RuntimeError("a fault"))
    await write_all(store, 2)
    assert store.written == [1]


async def test_an_unforeseen_failure_that_passes_costs_nothing() -> None:
    store = Recorder(failures=2, error=RuntimeError("a hiccup"))
    await write_all(store, 2)
    assert store.written == [0, 1]


async def test_the_oldest_is_dropped_past_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LIMIT", 3)
    store = Recorder()
    await write_all(store, 5)
    assert store.written == [2, 3, 4]


async def test_only_the_latest_place_waits_so_that_no_other_write_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "LIMIT", 3)
    store = Recorder(failures=1)
    log = Journal("CA1")
    log.later(lambda: store.write(0))
    for number in range(1, 10):
        log.latest(lambda number=number: store.write(number))  # type: ignore[misc]
    log.later(lambda: store.write(10))
    await log.flush()
    assert store.written == [0, 9, 10]


async def test_a_place_that_is_being_written_does_not_undo_the_next() -> None:
    log = Journal("CA1")
    begun, go, written = asyncio.Event(), asyncio.Event(), []

    async def first() -> None:
        begun.set()
        await go.wait()
        written.append("first")

    async def second() -> None:
        written.append("second")

    log.latest(first)
    await begun.wait()
    log.latest(second)
    go.set()
    await log.flush()
    assert written == ["first", "second"]


async def test_what_comes_while_a_write_runs_is_not_lost() -> None:
    log = Journal("CA1")
    begun, go, written = asyncio.Event(), asyncio.Event(), []

    async def slow() -> None:
        begun.set()
        await go.wait()
        written.append("slow")

    async def quick() -> None:
        written.append("quick")

    log.later(slow)
    await begun.wait()
    log.later(quick)
    go.set()
    await log.flush()
    assert written == ["slow", "quick"]


async def test_a_flush_of_nothing_returns() -> None:
    await Journal("CA1").flush()
