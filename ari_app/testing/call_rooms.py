"""Stores of conferences and queues in memory, and the switch's own sounds, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ari_app.errors import DuplicateRecordError, UnknownRecordError
from ari_app.model import ConferenceRecord, QueueRecord


class FakeConferenceStore:
    """Conference records in memory."""

    def __init__(self) -> None:
        self.records: dict[str, ConferenceRecord] = {}

    async def insert(self, conference: ConferenceRecord, /) -> None:
        """Remember a conference."""
        self.records[conference.sid] = conference

    async def update(self, sid: str, **changes: Any) -> None:
        """Change a conference; raises UnknownRecordError."""
        if sid not in self.records:
            raise UnknownRecordError(sid)
        self.records[sid] = msgspec.structs.replace(self.records[sid], **changes)

    async def unfinished(self, node: str) -> Sequence[ConferenceRecord]:
        """List what has not ended."""
        found = self.records.values()
        return [one for one in found if one.node == node and one.status != "completed"]

    @property
    def only(self) -> ConferenceRecord:
        """The one conference there was."""
        (record,) = self.records.values()
        return record


class FakeQueueStore:
    """Queue records in memory; away while ``trouble`` is set."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], QueueRecord] = {}
        self.trouble: Exception | None = None

    async def create(self, queue: QueueRecord, /) -> None:
        """Remember a queue; raises DuplicateRecordError."""
        self._check()
        key = queue.account_sid, queue.friendly_name
        if key in self.records:
            raise DuplicateRecordError(queue.friendly_name)
        self.records[key] = queue

    async def find(self, account_sid: str, friendly_name: str) -> QueueRecord | None:
        """Look a queue up."""
        self._check()
        return self.records.get((account_sid, friendly_name))

    def _check(self) -> None:
        if self.trouble is not None:
            raise self.trouble
