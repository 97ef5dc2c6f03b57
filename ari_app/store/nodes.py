"""Nodes in SQL: when each was last there, and the books of one that does not come back.

Times are those of the database server, so that clocks of nodes need not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.model import CallEnding, CallRecord, CallStatus
from ari_app.store.database import Database
from ari_app.store.rows import to_record
from ari_app.store.tables import calls, conferences, nodes, outbox
from ari_app.urls import host

_FINAL = [status.value for status in CallStatus if status.final]

#: How a running call ends, whose node was last there then.
End = Callable[[CallRecord, datetime], CallEnding]


class Taken(NamedTuple):
    """What was ended for a node, and how many of its callbacks were taken over."""

    calls: int
    conferences: int
    callbacks: int


class Nodes:
    """When nodes were there. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def beat(self, node: str) -> bool:
        """Note that ``node`` is there; True when it was unknown: new, or given up meanwhile."""
        async with self._db.writing() as conn:
            now = await self._now(conn)
            seen = update(nodes).where(nodes.c.node == node).values(seen_at=now)
            if (await conn.execute(seen)).rowcount:
                return False
            await conn.execute(insert(nodes).values(node=node, seen_at=now))
            return True

    async def silent(self, seconds: float) -> Sequence[str]:
        """Return the nodes that were last there longer ago than that."""
        async with self._db.reading() as conn:
            now = await self._now(conn)
            query = select(nodes.c.node).where(nodes.c.seen_at < now - timedelta(seconds=seconds))
            return list((await conn.execute(query.order_by(nodes.c.id))).scalars())

    async def take(self, node: str, by: str, seconds: float, end: End) -> Taken | None:
        """End the books of a node that has been silent that long, all or nothing.

        Its running calls end as ``end`` says, and who wants to know is told by ``by``, as of what
        the node had still to tell. None: it is back, or another node does this at the moment.
        """
        async with self._db.writing() as conn:
            now = await self._now(conn)
            silent = nodes.c.seen_at < now - timedelta(seconds=seconds)
            lease = select(nodes.c.seen_at).where(nodes.c.node == node, silent)
            # Others pass by instead of waiting: when this is done there is nothing left to do.
            seen = (await conn.execute(lease.with_for_update(skip_locked=True))).scalar()
            if seen is None:
                return None
            moved = update(outbox).where(outbox.c.node == node).values(node=by)
            callbacks = (await conn.execute(moved)).rowcount
            ended = await _end_calls(conn, node, by, lambda call: end(call, seen))
            rooms = (
                update(conferences)
                .where(conferences.c.node == node, conferences.c.status != "completed")
                .values(status="completed", date_updated=now)
            )
            ended_rooms = (await conn.execute(rooms)).rowcount
            await conn.execute(delete(nodes).where(nodes.c.node == node))
        return Taken(ended, ended_rooms, callbacks)

    async def settled(self, node: str, sids: Sequence[str]) -> Sequence[str]:
        """Return those of a node's calls that another one has ended in the books."""
        query = select(calls.c.sid).where(calls.c.sid.in_(sids), calls.c.settled_by != node)
        async with self._db.reading() as conn:
            return list((await conn.execute(query)).scalars())

    async def _now(self, conn: AsyncConnection) -> datetime:
        if self._db.sqlite:  # the same clock, and one that counts less than whole seconds
            return datetime.now(UTC)
        now: datetime = (await conn.execute(select(func.clock_timestamp()))).scalar_one()
        return now


async def _end_calls(
    conn: AsyncConnection, node: str, by: str, end: Callable[[CallRecord], CallEnding]
) -> int:
    """End a node's running calls and queue what is to be told; return how many there were."""
    running = (
        select(calls)
        .where(calls.c.node == node, calls.c.status.not_in(_FINAL))
        .order_by(calls.c.id)
        .with_for_update()
    )
    told = []
    rows = (await conn.execute(running)).mappings().all()
    for row in rows:
        call = to_record(CallRecord, row)
        ending = end(call)
        change = update(calls).where(calls.c.sid == call.sid)
        await conn.execute(
            change.values(
                status=ending.status,
                end_time=ending.end_time,
                duration=ending.duration,
                events_told=ending.events_told,
                date_updated=datetime.now(UTC),
                settled_by=by,
            )
        )
        if ending.params is not None and call.status_callback is not None:
            told.append(_callback(call, ending, by))
    if told:
        await conn.execute(insert(outbox), told)
    return len(rows)


def _callback(call: CallRecord, ending: CallEnding, by: str) -> dict[str, object]:
    """Return the outbox's row that tells of a call's end."""
    callback = call.status_callback
    assert callback is not None  # noqa: S101 - for the type checker; asked before
    return {
        "url": callback.url,
        "host": host(callback.url),
        "method": callback.method,
        "params": ending.params,
        "account_sid": call.account_sid,
        "call_sid": call.sid,
        "sequence": call.events_told,
        "attempts": 0,
        "due_at": datetime.now(UTC),
        "error": "",
        "node": by,
    }
