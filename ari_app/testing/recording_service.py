"""A recording service without audio: recordings are records, media a file of a test's own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from ari_app.api.ports import ApiError, StartRecording, UpdateRecording
from ari_app.model import Account, RecordingRecord, RecordingSource, RecordingStatus
from ari_app.sids import new_sid
from ari_app.store import Store

_STATUS = {
    "in-progress": RecordingStatus.IN_PROGRESS,
    "paused": RecordingStatus.PAUSED,
    "stopped": RecordingStatus.COMPLETED,
}


class FakeRecordingService:
    """Remembers what it was asked; ``fail_with`` is raised if set.

    ``live`` holds running recordings; media are ``<sid>[.1].wav`` and ``.mp3`` in ``folder``.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self.started: list[StartRecording] = []
        self.updated: list[tuple[str, UpdateRecording]] = []
        self.fail_with: ApiError | None = None
        self.live: dict[str, RecordingRecord] = {}
        self.folder = folder
        self._store = store

    async def running(
        self,
        account: Account,
        sid: str,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord | None:
        """Return what ``live`` holds."""
        if sid == "Twilio.CURRENT":
            owners = {call_sid, conference_sid} - {None}
            found = [r for r in self.live.values() if owners & {r.call_sid, r.conference_sid}]
            return found[-1] if found else None
        return self.live.get(sid)

    async def start(
        self, account: Account, call_sid: str, request: StartRecording
    ) -> RecordingRecord:
        """Pretend to record."""
        if self.fail_with is not None:
            raise self.fail_with
        self.started.append(request)
        now = datetime.now(UTC)
        record = RecordingRecord(
            sid=new_sid("RE"),
            account_sid=account.sid,
            call_sid=call_sid,
            source=RecordingSource.START_API,
            channels=request.channels,
            track=request.track,
            start_time=now,
            date_created=now,
            date_updated=now,
        )
        self.live[record.sid] = await self._store.recordings.insert(record)
        return record

    async def update(
        self,
        account: Account,
        sid: str,
        request: UpdateRecording,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord:
        """Change what is in ``live``."""
        record = await self.running(account, sid, call_sid=call_sid, conference_sid=conference_sid)
        if record is None:
            raise ApiError(404, 20404, "No recording is running")
        self.updated.append((record.sid, request))
        status = _STATUS[request.status]
        await self._store.recordings.update(record.sid, status=status)
        changed = msgspec.structs.replace(record, status=status)
        if status.final:
            del self.live[record.sid]
        else:
            self.live[record.sid] = changed
        return changed

    async def media(
        self, record: RecordingRecord, kind: Literal["wav", "mp3"], *, channels: int | None
    ) -> Path:
        """Name a file of the folder; raises FileNotFoundError."""
        mixed = ".1" if channels == 1 else ""
        path = self.folder / f"{record.sid}{mixed}.{kind}"
        return path.resolve(strict=True)

    async def delete(self, record: RecordingRecord) -> None:
        """Mark it."""
        await self._store.recordings.update(record.sid, status=RecordingStatus.DELETED)
