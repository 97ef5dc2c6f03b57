"""Stands in for a stream worker in a replay: no audio, no bot, but what the worker then said.

Commands of the app are compared with the recorded ones; events are sent where they were recorded.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from ari_app.debug.replay.matching import Request, stream_command
from ari_app.debug.replay.player import Player
from stream import control

#: The discard port: an address to tell Asterisk, which is none either.
_RTP = ("127.0.0.1", 9)
_CAPACITY = 1000


class Media:
    """One worker's control socket, as the app sees it."""

    def __init__(self) -> None:
        self.player: Player | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._attached = asyncio.Event()
        # Of this life of the worker: those of the recording may be of several.
        self._seq = 0

    async def tell(self, content: bytes) -> None:
        """Send one event, JSON of a recorded one; waits while the app is away."""
        await self._attached.wait()
        self._seq += 1
        event = msgspec.json.decode(content, type=dict[str, object]) | {"seq": self._seq}
        if self._writer is not None:
            self._writer.write(msgspec.json.encode(event) + b"\n")

    async def attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The app is connected, until it goes."""
        host, port = _RTP
        hello = control.Hello(
            worker="replay", boot="replay", pid=os.getpid(), rtp_host=host, rtp_port=port,
            streams=[], capacity=_CAPACITY, seq=self._seq,
        )  # fmt: skip
        writer.write(control.encode(hello))
        self._writer = writer
        self._attached.set()
        try:
            while line := await reader.readline():
                self._take(control.decode_command(line), writer)
        except (OSError, ValueError):
            pass  # gone, or no app of ours
        finally:
            writer.close()
            if self._writer is writer:
                self._writer = None
                self._attached.clear()

    def _take(self, command: control.Command, writer: asyncio.StreamWriter) -> None:
        if isinstance(command, control.Ping):
            writer.write(control.encode(control.Pong()))
        elif isinstance(command, control.Open | control.Stop | control.Dtmf) and self.player:
            said = msgspec.to_builtins(command)
            self.player.hear(Request("stream", said["type"], body=stream_command(said)))


@asynccontextmanager
async def working(media: Media, socket: Path) -> AsyncIterator[None]:
    """Listen as a worker does. Raises OSError."""
    socket.parent.mkdir(parents=True, exist_ok=True)
    server = await asyncio.start_unix_server(media.attached, str(socket), limit=control.MAX_LINE)
    try:
        yield
    finally:
        server.close()
