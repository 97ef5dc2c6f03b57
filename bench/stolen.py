"""Time that the host of a virtual machine gives to others: no program in it can do without it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

#: Seconds of a look: stalls that matter to audio are of this length.
LOOK = 0.2
#: "steal" in the first line of /proc/stat, after its name (proc(5)); in ticks of all cores.
STEAL = 7


class Stolen:
    """Worst stretch of `LOOK` seconds since the last lap."""

    def __init__(self) -> None:
        self._worst = 0.0

    async def watch(self) -> None:
        """Look on for ever."""
        before, at = _steal(), time.monotonic()
        while True:
            await asyncio.sleep(LOOK)
            now, then = _steal(), time.monotonic()
            self._worst = max(self._worst, (now - before) / (then - at))
            before, at = now, then

    def lap(self) -> float:
        """Return how many cores the host took at the worst since the last lap (1.0: one)."""
        worst, self._worst = self._worst, 0.0
        return worst


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Stolen]:
    """Look on as long as the context lasts."""
    stolen = Stolen()
    task = asyncio.create_task(stolen.watch())
    try:
        yield stolen
    finally:
        task.cancel()


def _steal() -> float:
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return int(fields[STEAL]) / os.sysconf("SC_CLK_TCK")
