"""A bot's WebSocket server that can be told to behave, or to misbehave.

Made with ``websockets``, so that it checks the bridge's own WebSocket independently. Records
every message; what it does besides is written in the test.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import websockets
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

Message = dict[str, Any]
Script = Callable[["BotConnection"], Awaitable[None]]

DEADLINE = 20.0
"""Seconds any wait may take before the test fails."""


class BotConnection:
    """One stream as the bot sees it. ``messages`` are parsed, ``raw`` is the text as it came."""

    def __init__(self, websocket: ServerConnection) -> None:
        self.socket = websocket
        assert websocket.request is not None  # noqa: S101
        self.path = websocket.request.path
        self.headers = websocket.request.headers
        self.messages: list[Message] = []
        self.raw: list[str] = []
        self.ended = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self._changed = asyncio.Condition()

    @property
    def stream_sid(self) -> str:
        """The stream's SID; "" before the start message."""
        return next((m["streamSid"] for m in self.messages if m["event"] == "start"), "")

    @property
    def audio(self) -> bytes:
        """All µ-law received so far."""
        return b"".join(
            base64.b64decode(m["media"]["payload"]) for m in self.messages if m["event"] == "media"
        )

    @property
    def close_code(self) -> int | None:
        """The code the connection was closed with, None while it is open."""
        return self.socket.close_code

    def of(self, event: str) -> list[Message]:
        """Return the messages of one kind, in order."""
        return [message for message in self.messages if message["event"] == event]

    async def wait(self, condition: Callable[[BotConnection], bool]) -> None:
        """Wait until ``condition`` holds; fails when the connection ends before."""

        def settled() -> bool:
            return condition(self) or self.ended.is_set()

        async with asyncio.timeout(DEADLINE), self._changed:
            await self._changed.wait_for(settled)
        if not condition(self):
            raise AssertionError(f"stream ended; got {self.raw[-3:]}")

    async def wait_count(self, event: str, count: int) -> list[Message]:
        """Wait until ``count`` messages of one kind have come; return all of that kind."""
        await self.wait(lambda self: len(self.of(event)) >= count)
        return self.of(event)

    async def wait_audio(self, needle: bytes) -> bytes:
        """Wait until the received audio contains ``needle``; return all of it."""
        await self.wait(lambda self: needle in self.audio)
        return self.audio

    async def wait_closed(self) -> None:
        """Wait until the connection is over."""
        async with asyncio.timeout(DEADLINE):
            await self.ended.wait()

    async def send(self, message: Message | str | bytes) -> None:
        """Send an object as JSON, or text and bytes as they are."""
        await self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def play(self, audio: bytes) -> None:
        """Send µ-law audio in one media message."""
        await self.send(
            {
                "event": "media",
                "streamSid": self.stream_sid,
                "media": {"payload": base64.b64encode(audio).decode()},
            }
        )

    async def mark(self, name: str | float) -> None:
        """Send a mark."""
        await self.send({"event": "mark", "streamSid": self.stream_sid, "mark": {"name": name}})

    async def clear(self) -> None:
        """Send a clear."""
        await self.send({"event": "clear", "streamSid": self.stream_sid})

    async def close(self, code: int = 1000) -> None:
        """Close the WebSocket."""
        await self.socket.close(code)

    def write_raw(self, data: bytes) -> None:
        """Put bytes on the TCP connection that ``websockets`` would never send."""
        self.socket.transport.write(data)

    def drop(self) -> None:
        """Break the TCP connection without a close."""
        self.socket.transport.abort()

    async def run(self) -> None:
        """Record messages until the end (called by the bot)."""
        try:
            while True:
                await self.reading.wait()
                text = await self.socket.recv()
                assert isinstance(text, str)  # noqa: S101
                async with self._changed:
                    self.raw.append(text)
                    self.messages.append(json.loads(text))
                    self._changed.notify_all()
        except websockets.ConnectionClosed:
            pass
        finally:
            self.ended.set()
            async with self._changed:
                self._changed.notify_all()


class FakeBot:
    """Bot server on a free port of 127.0.0.1; an async context manager.

    ``script`` runs beside the recording of each connection. ``status`` refuses the upgrade with
    that HTTP status, ``location`` makes it a redirect, ``delay`` seconds pass before the
    upgrade is answered, ``tls`` is a server-side context for wss. ``receive_buffer`` bytes make
    a bot that stops reading felt soon.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        status: int | None = None,
        location: str | None = None,
        delay: float = 0.0,
        tls: ssl.SSLContext | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        self._script = script
        self._status = status
        self._location = location
        self._delay = delay
        self._tls = tls
        self._receive_buffer = receive_buffer
        self._server: Server | None = None
        self._arrived = asyncio.Condition()
        self._closing = asyncio.Event()
        self.connections: list[BotConnection] = []
        self.requests: list[Request] = []

    @property
    def port(self) -> int:
        """The TCP port."""
        assert self._server is not None  # noqa: S101
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """URL of the stream."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}/stream"

    async def connection(self, number: int = 0) -> BotConnection:
        """Wait for the ``number``-th connection, from 0."""
        async with asyncio.timeout(DEADLINE), self._arrived:
            await self._arrived.wait_for(lambda: len(self.connections) > number)
        return self.connections[number]

    async def request(self, number: int = 0) -> Request:
        """Wait for the ``number``-th upgrade request, from 0, answered or not."""
        async with asyncio.timeout(DEADLINE), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) > number)
        return self.requests[number]

    async def __aenter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        if self._receive_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        self._server = await serve(
            self._serve,
            sock=listener,
            ssl=self._tls,
            process_request=self._process_request,
            max_size=None,
            max_queue=1,
            compression="deflate",
            close_timeout=1,
            ping_interval=None,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for connection in self.connections:
            connection.reading.set()
            if not connection.ended.is_set():
                connection.drop()
        assert self._server is not None  # noqa: S101
        self._server.close()
        await self._server.wait_closed()

    async def _process_request(
        self, websocket: ServerConnection, request: Request
    ) -> Response | None:
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._delay):
                await self._closing.wait()
        if self._location is not None:
            response = websocket.respond(http.HTTPStatus.FOUND, "elsewhere\n")
            response.headers["Location"] = self._location
            return response
        if self._status is not None:
            return websocket.respond(http.HTTPStatus(self._status), "no\n")
        return None

    async def _serve(self, websocket: ServerConnection) -> None:
        connection = BotConnection(websocket)
        async with self._arrived:
            self.connections.append(connection)
            self._arrived.notify_all()
        async with asyncio.TaskGroup() as group:
            group.create_task(connection.run())
            if self._script is not None:
                group.create_task(self._guarded(self._script, connection))

    @staticmethod
    async def _guarded(script: Script, connection: BotConnection) -> None:
        # A stream that ends under the script is seen by the test itself.
        with contextlib.suppress(websockets.ConnectionClosed, AssertionError):
            await script(connection)


def tls_pair(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """Return a server context for ``names`` and the CA file that makes it trusted.

    Needs the ``trustme`` package of the development group.
    """
    import trustme  # noqa: PLC0415

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return context, path
