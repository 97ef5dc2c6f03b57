"""A node that does not come back: its books are ended once, by one other, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from ari_app.call.lost import end_of
from ari_app.model import (
    Account,
    CallRecord,
    CallStatus,
    ConferenceRecord,
    Delivery,
    Direction,
    StatusCallback,
)
from ari_app.sids import new_sid
from ari_app.store import Store
from ari_app.store.migrate import upgrade
from ari_app.store.tables import calls, nodes

NOW = datetime.now(UTC)
AC = new_sid("AC")
ACCOUNT = Account(
    sid=AC, auth_token="t" * 32, friendly_name="Test", date_created=NOW, date_updated=NOW
)
TELL = StatusCallback(url="http://bot/status", events=frozenset({"ringing", "completed"}))
PROGRESS = {"CallbackSource": "call-progress-events"}


@pytest.fixture
async def stores(database: str) -> AsyncIterator[list[Store]]:
    """The dead node's store, and those of three others."""
    async with AsyncExitStack() as stack:
        opened = []
        for name in ("dead", "n1", "n2", "n3"):
            opened.append(await Store.open(database, node=name))
            stack.push_async_callback(opened[-1].close)
        await opened[0].accounts.ensure(ACCOUNT)
        yield opened


async def call(store: Store, status: CallStatus, **fields: Any) -> str:
    """Leave a call of the dead node."""
    record = CallRecord(
        sid=new_sid("CA"),
        account_sid=AC,
        direction=fields.pop("direction", Direction.OUTBOUND_API),
        from_="+15550001",
        to="+15550002",
        status=status,
        node="dead",
        date_created=NOW - timedelta(minutes=5),
        date_updated=NOW,
        **fields,
    )
    return (await store.calls.insert(record)).sid


async def put(store: Store, sid: str, params: dict[str, str], sequence: int = 0) -> int:
    return await store.outbox.put(
        TELL.url, "POST", params, account_sid=AC, call_sid=sid, sequence=sequence
    )


async def deliver(store: Store) -> list[Delivery]:
    """Take all callbacks that a node is to send, in order."""
    sent: list[Delivery] = []
    while due := await store.outbox.due(datetime.now(UTC), 100):
        for one in due:
            await store.outbox.done(one.id)
        sent += due
    return sent


async def test_calls_end_as_twilio_ends_them_and_are_told_by_one_node_alone(
    stores: Sequence[Store],
) -> None:
    dead, *others = stores
    assert await dead.nodes.beat("dead")
    began = datetime.now(UTC)
    assert not await dead.nodes.beat("dead")
    seen = datetime.now(UTC)
    answered = {"start_time": NOW - timedelta(seconds=90), "status_callback": TELL}
    talking = await call(dead, CallStatus.IN_PROGRESS, events_told=3, **answered)
    ringing = await call(dead, CallStatus.RINGING, events_told=2, status_callback=TELL)
    silent = await call(dead, CallStatus.IN_PROGRESS, direction=Direction.INBOUND, start_time=NOW)
    over = await call(dead, CallStatus.BUSY, status_callback=TELL)
    await put(dead, talking, {**PROGRESS, "CallStatus": "in-progress"}, 2)
    room = ConferenceRecord(
        sid=new_sid("CF"),
        account_sid=AC,
        friendly_name="room",
        node="dead",
        date_created=NOW,
        date_updated=NOW,
    )
    await dead.conferences.insert(room)

    assert await others[0].nodes.silent(0) == ["dead"]
    taken = await asyncio.gather(
        *(store.nodes.take("dead", f"n{n}", 0, end_of) for n, store in enumerate(others, 1))
    )
    assert [one for one in taken if one] == [(3, 1, 1)], "by one node, and once"

    found = {sid: await others[0].calls.get(sid) for sid in (talking, ringing, silent, over)}
    assert [one.status.value for one in found.values()] == [
        "completed",
        "failed",
        "completed",
        "busy",
    ]
    ended = found[talking]
    assert ended.end_time is not None
    assert began <= ended.end_time <= seen, "when the node was last seen"
    assert ended.duration is not None
    assert ended.duration >= 90
    assert found[ringing].duration == 0
    assert (await others[0].conferences.get(AC, room.sid)).status == "completed"

    assert await deliver(dead) == []
    sent = [one for store in others for one in await deliver(store)]
    assert [(one.call_sid, one.params["CallStatus"], one.sequence) for one in sent] == [
        (talking, "in-progress", 2),
        (ringing, "failed", 2),
        (talking, "completed", 3),
    ]
    completed = next(one for one in sent if one.params["CallStatus"] == "completed")
    assert completed.params["CallDuration"] == str(ended.duration)
    assert await others[0].nodes.silent(0) == []


async def test_a_node_that_comes_back_changes_nothing_and_learns_of_it(
    stores: Sequence[Store],
) -> None:
    dead, other, *_ = stores
    await dead.nodes.beat("dead")
    sid = await call(dead, CallStatus.IN_PROGRESS, start_time=NOW, status_callback=TELL)
    assert await other.nodes.take("dead", "n1", 0, end_of)
    await deliver(other)

    assert await dead.nodes.beat("dead"), "it was unknown"
    assert await dead.nodes.settled("dead", [sid, new_sid("CA")]) == [sid]
    after = await dead.calls.update(sid, status=CallStatus.FAILED, duration=7)
    assert after.status is CallStatus.COMPLETED
    assert await put(dead, sid, {**PROGRESS, "CallStatus": "completed"}) == 0
    assert await put(dead, sid, {"RecordingStatus": "completed"}), "of that nobody else can tell"
    assert [one.params for one in await deliver(dead)] == [{"RecordingStatus": "completed"}]


async def test_a_node_that_has_just_been_there_is_left_alone(stores: Sequence[Store]) -> None:
    dead, other, *_ = stores
    await dead.nodes.beat("dead")
    sid = await call(dead, CallStatus.IN_PROGRESS, start_time=NOW)
    assert await other.nodes.silent(600) == []
    assert await other.nodes.take("dead", "n1", 600, end_of) is None
    assert await other.nodes.take("never was", "n1", 0, end_of) is None
    assert (await other.calls.get(sid)).status is CallStatus.IN_PROGRESS


async def test_what_fails_midway_has_not_begun(stores: Sequence[Store]) -> None:
    dead, other, *_ = stores
    await dead.nodes.beat("dead")
    for _ in range(2):
        await call(dead, CallStatus.IN_PROGRESS, start_time=NOW, status_callback=TELL)
    ends = 0

    def fail(record: CallRecord, seen: datetime) -> Any:
        nonlocal ends
        ends += 1
        if ends == 2:
            raise ZeroDivisionError
        return end_of(record, seen)

    with pytest.raises(ZeroDivisionError):
        await other.nodes.take("dead", "n1", 0, fail)
    assert len(await other.calls.unfinished("dead")) == 2
    assert await deliver(other) == []
    taken = await other.nodes.take("dead", "n1", 0, end_of)
    assert taken is not None
    assert taken.calls == len(await deliver(other)) == 2


async def test_a_call_does_not_outlast_its_limit(stores: Sequence[Store]) -> None:
    dead, other, *_ = stores
    await dead.nodes.beat("dead")
    start = NOW - timedelta(days=20)
    sid = await call(dead, CallStatus.IN_PROGRESS, start_time=start, time_limit=600)
    await other.nodes.take("dead", "n1", 0, end_of)
    ended = await other.calls.get(sid)
    assert (ended.duration, ended.end_time) == (600, start + timedelta(seconds=600))


async def test_nodes_from_before_were_last_seen_when_they_last_wrote(
    stores: Sequence[Store],
) -> None:
    dead, *_ = stores
    week = NOW - timedelta(days=7)
    sid = await call(dead, CallStatus.IN_PROGRESS, start_time=week)
    await call(dead, CallStatus.COMPLETED, start_time=NOW)
    await put(dead, sid, {})
    await put(stores[1], sid, {})
    await stores[2].outbox.put(TELL.url, "POST", {}, account_sid=AC, due_at=NOW + timedelta(days=1))
    async with dead.database.alone() as conn:
        await conn.execute(calls.update().where(calls.c.sid == sid).values(date_updated=week))
        await conn.run_sync(seed_again)
        rows = await conn.execute(select(nodes.c.node, nodes.c.seen_at))
        seen = {row.node: row.seen_at for row in rows}
    assert seen["dead"] == week, "by its calls, where it has some"
    assert sorted(seen) == ["dead", "n1", "n2"]
    now = datetime.now(UTC)
    assert all(NOW - timedelta(minutes=1) < seen[node] <= now for node in ("n1", "n2"))


def seed_again(connection: Connection) -> None:
    """Undo the last migrations and do them again."""
    for change in ("DROP TABLE nodes", "ALTER TABLE calls DROP COLUMN settled_by"):
        connection.execute(text(change))
    connection.execute(text("UPDATE alembic_version SET version_num = '0008'"))
    upgrade(connection)
