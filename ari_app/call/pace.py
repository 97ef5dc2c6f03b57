"""Documents that lead to each other without end are noticed by their pace."""

from __future__ import annotations

import asyncio

#: Documents in a row that may take less than QUICK seconds each before the call is ended.
MAX_QUICK_DOCUMENTS = 50
QUICK = 0.5
TOO_MANY_REDIRECTS = 11215


class Pace:
    """Counts documents in a row that took no time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._quick = 0

    def too_quick(self) -> bool:
        """Tell, as each document ends, whether there were too many quick ones by now."""
        now = self._loop.time()
        self._quick = self._quick + 1 if now - self._began < QUICK else 0
        self._began = now
        return self._quick > MAX_QUICK_DOCUMENTS
