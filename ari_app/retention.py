"""Old calls and notifications are forgotten, so that the store does not grow for ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from ari_app.store.store import Store

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=6)


async def forget_old(store: Store, days: int, *, every: timedelta = EVERY) -> None:
    """Remove what ended more than ``days`` ago, now and ``every`` so often, until cancelled."""
    while True:
        before = datetime.now(UTC) - timedelta(days=days)
        try:
            calls = await store.calls.prune(before)
            notifications = await store.notifications.prune(before)
            log.info("retention.done", calls=calls, notifications=notifications)
        except Exception:  # whatever it is, the next round tries again
            log.exception("retention.later")
        await asyncio.sleep(every.total_seconds())
