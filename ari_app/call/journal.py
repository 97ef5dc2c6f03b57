"""Writes that must reach SQL in the end, though a call never waits for them.

Each call has one journal: writes happen in order, are tried again with backoff while the
store is away, and are bounded: past ``LIMIT`` waiting writes the oldest is dropped, loudly.
A write that fails for another reason is given up after ``MAX_FAULTS`` tries.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from ari_app.errors import OutboxFullError, StoreUnavailable

log = structlog.get_logger(__name__)

Write = Callable[[], Awaitable[object]]

LIMIT = 1000
FIRST_RETRY = 0.2
LONGEST_RETRY = 10.0
#: Tries of a write that fails for a reason nobody foresaw.
MAX_FAULTS = 5
_PASSING = (StoreUnavailable, OutboxFullError, OSError)


class Journal:
    """An ordered, bounded queue of writes with one task while there is work."""

    def __init__(self, call_sid: str) -> None:
        self._call_sid = call_sid
        self._waiting: deque[Write] = deque()
        self._latest: Write | None = None
        self._task: asyncio.Task[None] | None = None

    def later(self, write: Write) -> None:
        """Queue a write; it runs as soon as those before it are done."""
        if len(self._waiting) >= LIMIT:
            self._waiting.popleft()
            log.error("journal.write_dropped", call_sid=self._call_sid, limit=LIMIT)
        self._waiting.append(write)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def latest(self, write: Write) -> None:
        """Queue a write in the place of the last one that was queued so and still waits."""
        if self._latest is not None and self._latest in self._waiting:
            self._waiting.remove(self._latest)
        self._latest = write
        self.later(write)

    async def flush(self) -> None:
        """Wait until everything queued so far has been written."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        delay = FIRST_RETRY
        faults = 0
        while self._waiting:
            write = self._waiting[0]
            try:
                await write()
            except (LookupError, ValueError) as error:
                # The record itself is the trouble (deleted meanwhile): no later try can help.
                log.error("journal.write_refused", call_sid=self._call_sid, error=repr(error))
            except Exception as error:
                # The store is away, or nobody foresaw this: only the former may last for ever.
                if not isinstance(error, _PASSING):
                    faults += 1
                if faults < MAX_FAULTS:
                    log.warning("journal.retry", call_sid=self._call_sid, error=str(error))
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, LONGEST_RETRY)
                    continue
                log.error("journal.write_lost", call_sid=self._call_sid, exc_info=error)
            delay, faults = FIRST_RETRY, 0
            if self._waiting and self._waiting[0] is write:
                self._waiting.popleft()
