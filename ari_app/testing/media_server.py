"""A web server of audio files that counts what it is asked, and a clock moved by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class MediaServer:
    """Answers GET of a known path by its handler or by its bytes, headers and ETag."""

    base: str = ""
    bodies: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def put(self, path: str, body: bytes, content_type: str = "audio/wav", **headers: str) -> str:
        """Serve ``body`` at ``path``; header names are written with underscores."""
        self.bodies[path] = body
        self.headers[path] = {"Content-Type": content_type} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.base + path

    def on(self, path: str, handler: Handler) -> str:
        """Serve ``path`` by ``handler``."""
        self.handlers[path] = handler
        return self.base + path

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one GET: 304 to a matching If-None-Match, 404 to unknown paths."""
        self.asked.append(request)
        if request.path in self.handlers:
            return await self.handlers[request.path](request)
        if request.path not in self.bodies:
            raise web.HTTPNotFound
        headers = self.headers[request.path]
        etag = headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            self.sent.append(304)
            return web.Response(status=304, headers={"ETag": etag})
        self.sent.append(200)
        return web.Response(body=self.bodies[request.path], headers=headers)


@dataclass
class ManualClock:
    """Wall clock moved by hand."""

    now: float = 1_000_000_000.0

    def __call__(self) -> float:
        """Return the time, in seconds, like ``time.time``."""
        return self.now
