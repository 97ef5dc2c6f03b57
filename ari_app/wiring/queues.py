"""The queues of this node as the REST API sees them: SQL knows them, the desk who waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ari_app.api.ports import ApiError, QueueState
from ari_app.call.outcome import Fetch
from ari_app.call.queue import Member, Queues, Redirected
from ari_app.errors import DuplicateRecordError, UnknownRecordError
from ari_app.model import Account, Endpoint, Page, PageRequest, QueueMember, QueueRecord
from ari_app.sids import new_sid
from ari_app.store.store import Store

FRONT = "Front"
NAME_TAKEN = 22003
NOT_EMPTY = 22005


class ApiQueues:
    """Implements the API's ``QueueService``."""

    def __init__(self, desk: Queues, store: Store) -> None:
        self._desk = desk
        self._store = store

    async def create(self, account: Account, name: str, size: int) -> QueueState:
        """Make a queue. Raises ApiError 400/22003 when there is one of that name."""
        now = datetime.now(UTC)
        record = QueueRecord(
            sid=new_sid("QU"),
            account_sid=account.sid,
            friendly_name=name,
            max_size=size,
            date_created=now,
            date_updated=now,
        )
        try:
            await self._store.queues.create(record)
        except DuplicateRecordError as error:
            raise ApiError(400, NAME_TAKEN, f"There is a queue {name!r} already") from error
        return QueueState(record)

    async def list(self, account: Account, page: PageRequest) -> Page[QueueState]:
        """Return a page, newest first."""
        found = await self._store.queues.list(account.sid, page)
        return Page(
            items=tuple(self._state(record) for record in found.items),
            number=found.number,
            size=found.size,
            next_token=found.next_token,
            previous_token=found.previous_token,
        )

    async def get(self, account: Account, sid: str) -> QueueState:
        """Return a queue; raises UnknownRecordError."""
        return self._state(await self._store.queues.get(account.sid, sid))

    async def update(
        self, account: Account, sid: str, *, name: str | None, size: int | None
    ) -> QueueState:
        """Change a queue; raises UnknownRecordError and ApiError 400/22003."""
        before = await self._store.queues.get(account.sid, sid)
        wanted: dict[str, Any] = {"friendly_name": name, "max_size": size}
        changes = {key: value for key, value in wanted.items() if value is not None}
        try:
            after = await self._store.queues.update(account.sid, sid, **changes)
        except DuplicateRecordError as error:
            raise ApiError(400, NAME_TAKEN, f"There is a queue {name!r} already") from error
        self._desk.rename(before, after)
        return self._state(after)

    def changed(self, before: QueueRecord, after: QueueRecord) -> None:
        """Take over what another node has changed."""
        self._desk.rename(before, after)

    async def delete(self, account: Account, sid: str) -> None:
        """Remove an empty queue; raises UnknownRecordError and ApiError 400/22005."""
        record = await self._store.queues.get(account.sid, sid)
        if self._desk.members(record):
            raise ApiError(400, NOT_EMPTY, "Somebody waits in the queue")
        await self._store.queues.delete(account.sid, sid)

    async def members(self, account: Account, sid: str) -> Sequence[QueueMember]:
        """Return who waits, first come first; raises UnknownRecordError."""
        record = await self._store.queues.get(account.sid, sid)
        return [member.record() for member in self._desk.members(record)]

    async def member(self, account: Account, sid: str, member: str) -> QueueMember:
        """Return one who waits; raises UnknownRecordError."""
        return (await self._find(account, sid, member)).record()

    async def dequeue(
        self, account: Account, sid: str, member: str, source: Endpoint
    ) -> QueueMember:
        """Take one out and give him another document; raises UnknownRecordError."""
        found = await self._find(account, sid, member)
        record = found.record()
        found.take(Redirected(Fetch(source)))
        return record

    async def _find(self, account: Account, sid: str, member: str) -> Member:
        waiting = self._desk.members(await self._store.queues.get(account.sid, sid))
        for one in waiting:
            if member in (FRONT, one.ctx.call_sid):
                return one
        raise UnknownRecordError(member)

    def _state(self, record: QueueRecord) -> QueueState:
        queue = self._desk.living(record)
        if queue is None:
            return QueueState(record)
        return QueueState(record, len(queue.members), queue.average_wait)
