"""The queues of this node, by account and name; SQL remembers them, not who waits."""

from __future__ import annotations

import structlog

from ari_app.call.ports import QueueStore, Services
from ari_app.call.queue.line import Member, Queue
from ari_app.errors import DuplicateRecordError, StoreUnavailable
from ari_app.model import QueueRecord
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

DEFAULT_SIZE = 1000


class Queues:
    """Opens queues; those that somebody waits in or for are kept here."""

    def __init__(self, store: QueueStore) -> None:
        self._store = store
        self._queues: dict[tuple[str, str], Queue] = {}

    async def named(self, account_sid: str, name: str) -> Queue | None:
        """Return the account's queue of that name; raises StoreUnavailable."""
        key = account_sid, name
        if key not in self._queues:
            record = await self._store.find(account_sid, name)
            if record is None:
                return None
            self._queues.setdefault(key, Queue(record, self._forget))
        return self._queues[key]

    async def open(
        self, services: Services, account_sid: str, name: str, size: int | None
    ) -> Queue:
        """Return the account's queue of that name, made when there is none (Twilio: Enqueue).

        While the store is away, a queue is made that only this process knows.
        """
        now = services.now()
        record = QueueRecord(
            sid=new_sid("QU"),
            account_sid=account_sid,
            friendly_name=name,
            max_size=size or DEFAULT_SIZE,
            date_created=now,
            date_updated=now,
        )
        try:
            if queue := await self.named(account_sid, name):
                return queue
            await self._store.create(record)
        except DuplicateRecordError:  # somebody else was quicker
            if queue := await self.named(account_sid, name):
                return queue
        except StoreUnavailable as error:
            log.warning("queue.not_remembered", name=name, error=str(error))
        return self._queues.setdefault((account_sid, name), Queue(record, self._forget))

    def living(self, record: QueueRecord) -> Queue | None:
        """Return the queue when somebody waits in or for it; it takes over what REST changed."""
        for queue in self._queues.values():
            if queue.record.sid == record.sid:
                queue.record = record
                return queue
        return None

    def rename(self, before: QueueRecord, after: QueueRecord) -> None:
        """Take over what REST has changed."""
        queue = self.living(after)
        if queue is not None and before.friendly_name != after.friendly_name:
            self._queues.pop((before.account_sid, before.friendly_name), None)
            self._queues[after.account_sid, after.friendly_name] = queue

    def members(self, record: QueueRecord) -> list[Member]:
        """Return who waits, first come first."""
        queue = self.living(record)
        return list(queue.members) if queue else []

    def _forget(self, queue: Queue) -> None:
        key = queue.record.account_sid, queue.record.friendly_name
        if self._queues.get(key) is queue:
            del self._queues[key]
