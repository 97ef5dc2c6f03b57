"""The replay's ARI: REST and the event WebSocket of one application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from ari_app.debug.replay.matching import Request
from ari_app.debug.replay.player import LOGIN, Player


class Server:
    """Carries requests to a player and its events to whoever is connected."""

    def __init__(self) -> None:
        self.player: Player | None = None
        self._socket: web.WebSocketResponse | None = None
        self.connected = asyncio.Event()

    async def send(self, event: bytes) -> None:
        """Send one event; waits while the app is away."""
        await self.connected.wait()
        if self._socket is not None:
            await self._socket.send_str(event.decode())

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /ari/events."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._socket = socket
        self.connected.set()
        async for _ in socket:
            pass
        if self._socket is socket:
            self.connected.clear()
        return socket

    async def request(self, request: web.Request) -> web.Response:
        """Any other request below /ari."""
        body = await request.read()
        try:
            content: Any = msgspec.json.decode(body) if body else None
        except msgspec.DecodeError:
            content = body.decode(errors="replace")
        query = {k: v for k, v in request.query.items() if k != "api_key"}
        path = "/" + request.match_info["path"]
        if self.player is None:
            return web.Response(status=503)
        status, answer = await self.player.ask(Request(request.method, path, query, content))
        if not answer:
            return web.Response(status=status)
        return web.Response(status=status, body=answer, content_type="application/json")

    async def manager(self, request: web.Request) -> web.Response:
        """POST /rawman, the manager interface: any login will do."""
        action = {key: str(value) for key, value in (await request.post()).items()}
        path = f"/rawman {action.get('Action', '')}"
        if path == LOGIN:
            response = web.Response(text="Response: Success\r\n\r\n")
            response.set_cookie("mansession_id", "replay")
            return response
        if self.player is None:
            return web.Response(status=503)
        status, answer = await self.player.ask(Request("POST", path, action))
        return web.Response(status=status, body=answer, content_type="text/plain")


@asynccontextmanager
async def serving(server: Server, host: str, port: int) -> AsyncIterator[str]:
    """Listen (`port` 0: any free one); gives the URL of Asterisk. Raises OSError."""
    app = web.Application()
    app.router.add_get("/ari/events", server.events)
    app.router.add_post("/rawman", server.manager)
    app.router.add_route("*", "/ari/{path:.*}", server.request)
    async with listening(app, host, port) as url:
        yield url


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve an application; gives its URL. Raises OSError."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        name, number = runner.addresses[0][:2]
        yield f"http://{name}:{number}"
    finally:
        await runner.cleanup()
