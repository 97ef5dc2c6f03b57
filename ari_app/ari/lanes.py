"""Async handlers in order: one lane a channel, lanes run side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[object]]


class Lanes:
    """Runs the jobs of one key one after another, those of different keys at once."""

    def __init__(self, depth: int = 1000) -> None:
        """`depth` is how many jobs may wait in one lane; what comes then is dropped, loudly."""
        self._depth = depth
        self._waiting: dict[str, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.dropped = 0

    def put(self, key: str, job: Job) -> None:
        """Run `job` after everything put into this lane before; never waits."""
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = waiting = deque()
            task = asyncio.create_task(self._run(key, waiting), name=f"ari lane {key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if len(waiting) >= self._depth:
            if self.dropped % 1000 == 0:
                log.error("ari_handler_too_slow", channel_id=key, waiting=len(waiting))
            self.dropped += 1
            return
        waiting.append(job)

    async def close(self) -> None:
        """Cancel everything that runs or waits."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._waiting.clear()

    async def _run(self, key: str, waiting: deque[Job]) -> None:
        try:
            while waiting:
                try:
                    await waiting.popleft()()
                except asyncio.CancelledError:
                    # Ours only if the lane itself is ended; else something inside was cancelled.
                    task = asyncio.current_task()
                    if task is None or task.cancelling():
                        raise
                    log.warning("ari_handler_cancelled", channel_id=key)
                except Exception:
                    log.exception("ari_handler_failed", channel_id=key)
        finally:
            # The lane ends with its last job: one lane per channel ever seen would be a leak.
            self._waiting.pop(key, None)
