"""Forgetting old records goes on whatever happens."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import ProgrammingError

from ari_app.media.recording_folder import RecordingFolder
from ari_app.retention import forget_old
from ari_app.store import Store
from ari_app.store.calls import Calls


class FailsOnce(Calls):
    """Raises what no store should at the first prune."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.database)
        self.asked = 0
        self.done = asyncio.Event()

    async def prune(self, before: datetime) -> int:
        self.asked += 1
        if self.asked == 1:
            raise ProgrammingError("DELETE", {}, Exception("no such table"))
        self.done.set()
        return await super().prune(before)


async def test_a_fault_does_not_end_retention(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/db")
    store.calls = calls = FailsOnce(store)
    files = RecordingFolder(tmp_path / "recordings", tmp_path, 10**9)
    task = asyncio.create_task(forget_old(store, files, 1, every=timedelta(0)))
    await asyncio.wait(
        {task, waiting := asyncio.create_task(calls.done.wait())}, return_when="FIRST_COMPLETED"
    )
    assert waiting.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.close()
