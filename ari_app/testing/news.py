"""Waiting in tests for what somebody else will do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class News:
    """Wakes who waits for something to become true."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def tell(self) -> None:
        """Something has changed."""
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds, at most ten seconds."""
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
