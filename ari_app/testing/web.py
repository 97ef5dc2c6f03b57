"""Customers' web servers for tests: well-behaved, TLS, and broken on purpose.

All listen on a free port of the loopback interface.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import RequestValidator

Respond = Callable[["Seen"], web.StreamResponse | Awaitable[web.StreamResponse]]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as a customer's framework sees it."""

    method: str
    url: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: MultiDict[str]
    request: web.BaseRequest

    def signed_with(self, auth_token: str, *, url: str | None = None) -> bool:
        """Judge ``X-Twilio-Signature`` with the official validator."""
        given = self.headers.get("X-Twilio-Signature", "")
        return bool(RequestValidator(auth_token).validate(url or self.url, self.form, given))


@dataclass(slots=True)
class Site:
    """A running server: its base URL without a slash, and what it was asked."""

    base: str
    port: int
    seen: list[Seen] = field(default_factory=list)


@asynccontextmanager
async def site(
    respond: Respond, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Site]:
    """Serve ``respond`` for every path and method."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        text = (await request.read()).decode()
        form: MultiDict[str] = MultiDict()
        if text:
            form.extend((await request.post()).items())  # type: ignore[arg-type]
        scheme = "https" if tls else "http"
        # The raw target: a validator's URL must be byte-identical to what was requested.
        url = f"{scheme}://{request.headers['Host']}{request.raw_path}"
        seen = Seen(
            request.method, url, request.path, request.query, request.headers, form, request
        )
        running.seen.append(seen)
        answer = respond(seen)
        return answer if isinstance(answer, web.StreamResponse) else await answer

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    tcp = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await tcp.start()
    port = runner.addresses[0][1]
    running = Site(f"{'https' if tls else 'http'}://{host}:{port}", port)
    try:
        yield running
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_site(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """Serve ``script`` per connection: any bytes, or none."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await script(reader, writer)
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Site(f"{'https' if tls else 'http'}://127.0.0.1:{port}", port)
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def twiml(text: str = "<Response/>", **options: object) -> web.Response:
    """Answer a TwiML document."""
    return web.Response(text=text, content_type="text/xml", **options)  # type: ignore[arg-type]
