"""Reading the tap of ariswitch: a unix socket that gives items as lines of JSON."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from ari_app.debug.backlog import Wire
from ari_app.debug.record import Item

_LONGEST = 32 * 1024 * 1024
_WAIT = 0.5


class TapUnavailableError(Exception):
    """Nobody serves the socket."""


class Tapped:
    """One tap, read for as long as `run` runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seq = 0

    async def first(self) -> None:
        """Look whether somebody serves it; raises TapUnavailableError."""
        _, writer = await self._open()
        writer.close()

    async def run(self, sink: Callable[[Wire | Item], None]) -> None:
        """Tell everything to `sink` until cancelled; an app that restarts is waited for.

        What was told already is not told again: the tap gives its whole memory to who attaches.
        """
        lost = False
        while True:
            try:
                reader, writer = await self._open()
            except TapUnavailableError:
                await asyncio.sleep(_WAIT)
                continue
            if lost:
                sink(_note("connected", ""))
            try:
                while text := await reader.readline():
                    sink(Wire(time.time(), 0, text, False))
            except (OSError, ValueError):
                pass  # told below, as the end is
            finally:
                writer.close()
            lost = True
            sink(_note("lost", f"{self.path}: the app has gone; waiting for it"))
            await asyncio.sleep(_WAIT)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await asyncio.open_unix_connection(str(self.path), limit=_LONGEST)
        except OSError as error:
            raise TapUnavailableError(f"{self.path}: {error.strerror or error}") from error


def _note(kind: str, error: str) -> Item:
    return Item(at=time.time(), source="tap", kind="note", type=kind, error=error)
