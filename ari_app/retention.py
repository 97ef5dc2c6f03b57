"""Old calls, notifications and recordings are forgotten, so that nothing grows for ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from ari_app.store.store import Store

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=6)
#: Days that a deleted recording's record can still be listed (Twilio: IncludeSoftDeleted).
DELETED_DAYS = 40


class Files(Protocol):
    """The files of recordings."""

    async def delete(self, sid: str, /) -> None:
        """Remove those of one recording. Raises OSError."""


async def forget_old(
    store: Store, recordings: Files, days: int, *, every: timedelta = EVERY
) -> None:
    """Remove what ended more than ``days`` ago, now and ``every`` so often, until cancelled."""
    while True:
        now = datetime.now(UTC)
        before = now - timedelta(days=days)
        try:
            calls = await store.calls.prune(before)
            notifications = await store.notifications.prune(before)
            conferences = await store.conferences.prune(before)
            await store.transcriptions.prune(before)
            recorded = await _forget_recordings(store, recordings, now, before)
            log.info(
                "retention.done",
                calls=calls,
                notifications=notifications,
                conferences=conferences,
                recordings=recorded,
            )
        except Exception:  # whatever it is, the next round tries again
            log.exception("retention.later")
        await asyncio.sleep(every.total_seconds())


async def _forget_recordings(store: Store, files: Files, now: datetime, before: datetime) -> int:
    """Remove old recordings with their files, and records of those that were deleted."""
    count = 0
    deleted_before = now - timedelta(days=DELETED_DAYS)
    for moment, deleted in ((before, False), (deleted_before, True)):
        while sids := await store.recordings.before(moment, deleted=deleted):
            for sid in sids:
                await files.delete(sid)
            await store.recordings.forget(sids)
            count += len(sids)
    return count
