"""A TCP front that can cut or silence the events connection at any byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass


@dataclass
class _Pipe:
    """One connection: whether it carries events, and how many bytes more."""

    events: bool = False
    left: int | None = None


class Front:
    """Passes bytes both ways between clients and a server on the same machine."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        # Connections that asked for /ari/events: their ends towards the client.
        self._events: set[asyncio.StreamWriter] = set()
        # Bytes the next events connections may carry towards the client, one number each.
        self._cuts: list[int] = []
        self._cuts_left = 0
        self._all_cut = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and cut everything."""
        if self._server is not None:
            self._server.close()
        await self.cut_all()

    async def cut_all(self) -> None:
        """Cut every connection now."""
        for pipe in list(self._pipes):
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    def cut_after(self, byte_counts: Iterable[int]) -> None:
        """Plan cuts: each of the next events connections carries so many bytes."""
        counts = list(byte_counts)
        self._cuts.extend(counts)
        self._cuts_left += len(counts)
        self._all_cut.clear()

    async def all_cut(self) -> None:
        """Return once the last planned cut has happened."""
        await self._all_cut.wait()

    def cut_events(self) -> None:
        """Cut the events connections now, without a closing handshake."""
        for writer in list(self._events):
            writer.transport.abort()

    def silence(self) -> None:
        """Keep events connections open and carry nothing more to the client."""
        self._open.clear()

    def speak(self) -> None:
        """End `silence`."""
        self._open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._pipes.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._carry(reader, writer)
        finally:
            self._pipes.discard(task)
            self._events.discard(writer)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        pipe = _Pipe()
        up = asyncio.create_task(self._up(reader, up_writer, writer, pipe))
        try:
            await self._down(up_reader, writer, pipe)
        finally:
            up_writer.transport.abort()
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)

    async def _up(
        self,
        reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        pipe: _Pipe,
    ) -> None:
        while data := await reader.read(65536):
            # A client may upgrade a connection it has sent other requests on.
            if not pipe.events and data.startswith(b"GET /ari/events?"):
                pipe.events = True
                pipe.left = self._cuts.pop(0) if self._cuts else None
                self._events.add(writer)
            up_writer.write(data)
            await up_writer.drain()
        up_writer.write_eof()

    async def _down(
        self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pipe: _Pipe
    ) -> None:
        while data := await up_reader.read(65536):
            if pipe.events:
                await self._open.wait()
            cut = pipe.left is not None and len(data) >= pipe.left
            if pipe.left is not None:
                data = data[: pipe.left]
                pipe.left -= len(data)
            writer.write(data)
            await writer.drain()
            if cut:
                break
        # What upstream ended, the client sees ended.
        writer.close()
        await writer.wait_closed()
        if pipe.left is not None:
            self._cuts_left -= 1
            if self._cuts_left == 0:
                self._all_cut.set()
