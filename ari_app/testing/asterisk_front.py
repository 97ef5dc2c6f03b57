"""A TCP front that can cut or silence the events connection at any byte."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Front:
    """Passes bytes both ways between clients and a server on the same machine."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        # Connections that asked for /ari/events: their ends towards the client.
        self._events: set[asyncio.StreamWriter] = set()
        # Bytes the next events connections may carry towards the client, one number each.
        self.cuts: list[int] = []
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
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._carry(reader, writer)
        self._pipes.discard(task)
        self._events.discard(writer)
        writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(65536)
        events = first.startswith(b"GET /ari/events?")
        limit = self.cuts.pop(0) if events and self.cuts else None
        if events:
            self._events.add(writer)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        up_writer.write(first)
        up = asyncio.create_task(self._up(reader, up_writer))
        try:
            await self._down(up_reader, writer, events, limit)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            up_writer.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def _down(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        events: bool,
        limit: int | None,
    ) -> None:
        carried = 0
        while data := await reader.read(65536):
            if events:
                await self._open.wait()
            if limit is not None and carried + len(data) >= limit:
                writer.write(data[: limit - carried])
                await writer.drain()
                writer.close()
                await writer.wait_closed()
                return
            carried += len(data)
            writer.write(data)
            await writer.drain()
        # What upstream ended, the client sees ended.
        writer.close()
        await writer.wait_closed()
