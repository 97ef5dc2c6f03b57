"""RTP statistics, asked for while somebody wants them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

#: Seconds between two rounds of statistics.
_ROUND = 2.0


class Measuring:
    """Rounds of ``measure``, which has everybody asked; who wants them at a time share one."""

    def __init__(self, measure: Callable[[], Awaitable[None]]) -> None:
        self._measure = measure
        self._next = 0.0

    async def keep(self) -> None:
        """Measure again and again until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() >= self._next:
                self._next = loop.time() + _ROUND
                try:
                    await self._measure()
                except Exception:
                    log.exception("tap.measure_failed")
            await asyncio.sleep(_ROUND / 2)
