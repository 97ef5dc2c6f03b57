"""One stream as the call sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from stream import control

OnEvent = Callable[[control.StreamEvent], None]

STOP_SECONDS = 2.0
"""How long `Stream.stop` waits for the worker's word."""


class Commands(Protocol):
    """Where a stream's commands go."""

    def send(self, command: control.Command) -> None:
        """Send a command to the worker, or drop it when the worker is away."""


class Trace(Protocol):
    """Sees what the app and its workers say of streams. Must neither wait nor raise."""

    def stream_command(self, command: control.Open | control.Stop | control.Dtmf) -> None:
        """A worker is told."""

    def stream_event(self, event: control.StreamEvent) -> None:
        """A worker has told; also the end that the app concludes when a worker is gone."""

    def stream_measured(self, measured: control.Measured) -> None:
        """A worker was asked for the counters of its streams (`StreamPool.measure`)."""


class Stream:
    """Handle of a stream in a worker. Its end can be awaited any number of times."""

    def __init__(self, sid: str, commands: Commands, on_event: OnEvent) -> None:
        self.sid = sid
        self._commands = commands
        self._on_event = on_event
        self._stopped: asyncio.Future[control.Stopped]
        self._stopped = asyncio.get_running_loop().create_future()

    def dtmf(self, digit: str) -> None:
        """Tell the bot that the caller pressed ``digit`` (one of 0-9 * # A-D)."""
        if not self._stopped.done():
            self._commands.send(control.Dtmf(self.sid, digit))

    async def stop(self) -> None:
        """End the stream; returns once the worker has confirmed, or after `STOP_SECONDS`."""
        if self._stopped.done():
            return
        self._commands.send(control.Stop(self.sid))
        await asyncio.wait([self._stopped], timeout=STOP_SECONDS)

    async def closed(self) -> control.Stopped:
        """Wait for the end and return how it came."""
        return await asyncio.shield(self._stopped)

    def handle(self, event: control.StreamEvent) -> None:
        """Take an event from the worker (called by the pool)."""
        if isinstance(event, control.Stopped):
            if self._stopped.done():
                return
            self._stopped.set_result(event)
        self._on_event(event)
