"""Telling systemd how a process is, where systemd started it (sd_notify(3), systemd.service(5)).

Datagrams of ``NAME=value`` lines to the socket that ``NOTIFY_SOCKET`` names. Without that variable
everything here does nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger(__name__)

#: Seconds that ending may take beyond the wait for running calls.
END_SECONDS = 15.0


class Notifier:
    """One process's line to systemd."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        address = environ.get("NOTIFY_SOCKET", "")
        #: An abstract socket is written with @ in place of its leading zero.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog = self._watchdog(environ)

    def tell(self, *lines: str) -> None:
        """Send ``NAME=value`` lines; a systemd that does not listen is no fault of ours."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("notify.unsent", lines=lines, error=str(error))

    def stopping(self, seconds: float = 0.0) -> None:
        """Say that the end has begun and may take ``seconds`` more than ending itself."""
        microseconds = int((seconds + END_SECONDS) * 1e6)
        self.tell("STOPPING=1", f"EXTEND_TIMEOUT_USEC={microseconds}")

    def _watchdog(self, environ: Mapping[str, str]) -> float | None:
        """Seconds after which systemd gives this process up; None: it does not watch it."""
        if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return None
        microseconds = environ.get("WATCHDOG_USEC", "")
        return int(microseconds) / 1e6 if self._address and microseconds.isdigit() else None


async def _well() -> str:
    return "running"


@asynccontextmanager
async def announced(
    status: Callable[[], Awaitable[str]] = _well, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Notifier]:
    """Be ready from here on, watched while the block runs, stopping at its end.

    The watchdog is fed each time ``status`` has answered; its answer is shown by `systemctl
    status`. An answer that tells of a part that is away feeds it too: to end this process would
    not bring the part back, and calls go on without it.
    """
    notifier = Notifier(environ)
    notifier.tell("READY=1")
    feeding = asyncio.create_task(_feed(notifier, status)) if notifier.watchdog else None
    try:
        yield notifier
    finally:
        if feeding is not None:
            feeding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await feeding
        notifier.stopping()


async def _feed(notifier: Notifier, status: Callable[[], Awaitable[str]]) -> None:
    """Feed the watchdog three times as often as it asks for."""
    period = (notifier.watchdog or 0.0) / 3
    while True:
        try:
            async with asyncio.timeout(period):
                answer = await status()
        except Exception as error:  # whatever it is, there is no answer
            log.error("watchdog.unfed", error=repr(error))
        else:
            notifier.tell("WATCHDOG=1", f"STATUS={answer}")
        await asyncio.sleep(period)
