"""Queues of all nodes: SQL knows them, each node who waits on it.

A queue as REST shows it is the sum of all nodes', the longest waiting caller in front. Whoever
dials a queue talks with the callers of his own node (docs/cluster.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from ari_app.api.ports import ApiError, QueueState
from ari_app.errors import UnknownRecordError
from ari_app.model import Account, Endpoint, Page, PageRequest, QueueMember
from ari_app.store.store import Store
from ari_app.wiring.across import messages
from ari_app.wiring.across.elsewhere import Elsewhere
from ari_app.wiring.queues import FRONT, NOT_EMPTY, ApiQueues


class QueuesAcross:
    """Implements the API's ``QueueService`` for all nodes. ``here`` is this node's own."""

    def __init__(self, here: ApiQueues, store: Store, elsewhere: Elsewhere) -> None:
        self._here = here
        self._store = store
        self._elsewhere = elsewhere
        self._telling: set[asyncio.Task[Any]] = set()

    async def create(self, account: Account, name: str, size: int) -> QueueState:
        """Make a queue."""
        return await self._here.create(account, name, size)

    async def list(self, account: Account, page: PageRequest) -> Page[QueueState]:
        """Return a page, newest first."""
        found = await self._here.list(account, page)
        states = await asyncio.gather(*(self._state(account, one) for one in found.items))
        return Page(
            items=tuple(states),
            number=found.number,
            size=found.size,
            next_token=found.next_token,
            previous_token=found.previous_token,
        )

    async def get(self, account: Account, sid: str) -> QueueState:
        """Return a queue."""
        return await self._state(account, await self._here.get(account, sid))

    async def update(
        self, account: Account, sid: str, *, name: str | None, size: int | None
    ) -> QueueState:
        """Change a queue, and tell the nodes on which somebody may wait in it."""
        before = await self._store.queues.get(account.sid, sid)
        changed = await self._here.update(account, sid, name=name, size=size)
        order = messages.QueueChanged(account_sid=account.sid, before=before, after=changed.queue)
        task = self._elsewhere.tell_all(order)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return await self._state(account, changed)

    async def delete(self, account: Account, sid: str) -> None:
        """Remove a queue in which nobody waits, on any node."""
        if await self.members(account, sid):
            raise ApiError(400, NOT_EMPTY, "Somebody waits in the queue")
        await self._here.delete(account, sid)

    async def members(self, account: Account, sid: str) -> Sequence[QueueMember]:
        """Return who waits, on all nodes, first come first."""
        here = await self._here.members(account, sid)
        order = messages.WhoWaits(account_sid=account.sid, queue_sid=sid)
        there = await self._elsewhere.ask_all(order, tuple[QueueMember, ...])
        waiting = sorted(
            (one for some in (here, *there) for one in some), key=lambda one: one.date_enqueued
        )
        return [
            msgspec.structs.replace(one, position=place) for place, one in enumerate(waiting, 1)
        ]

    async def member(self, account: Account, sid: str, member: str) -> QueueMember:
        """Return one who waits."""
        for one in await self.members(account, sid):
            if member in (FRONT, one.call_sid):
                return one
        raise UnknownRecordError(member)

    async def dequeue(
        self, account: Account, sid: str, member: str, source: Endpoint
    ) -> QueueMember:
        """Take one out, on whichever node he waits, and give him another document."""
        found = await self.member(account, sid, member)
        node = (await self._store.calls.get(found.call_sid, account.sid)).node
        if any(one.call_sid == found.call_sid for one in await self._here.members(account, sid)):
            await self._here.dequeue(account, sid, found.call_sid, source)
        else:
            order = messages.Dequeue(
                account_sid=account.sid, queue_sid=sid, member=found.call_sid, source=source
            )
            await self._elsewhere.ask(node, order, QueueMember)
        return found

    async def _state(self, account: Account, here: QueueState) -> QueueState:
        waiting = await self.members(account, here.queue.sid)
        if not waiting:
            return QueueState(here.queue)
        average = round(sum(one.wait_time for one in waiting) / len(waiting))
        return QueueState(here.queue, len(waiting), average)
