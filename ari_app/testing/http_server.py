"""The customer's web server, as a test scripts it: TwiML, audio files, callbacks, misbehaviour.

Records every request it gets and checks ``X-Twilio-Signature`` with Twilio's own validator,
so a signature is never judged by the code that made it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy
from twilio.request_validator import RequestValidator

WebSocketHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeAppError(Exception):
    """A request that was waited for did not come; the message lists those that did."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came. ``signed`` is None when no token was told; ``at`` is loop time."""

    method: str
    path: str
    url: str
    query: MultiDictProxy[str]
    form: MultiDictProxy[str]
    headers: CIMultiDictProxy[str]
    body: bytes
    signed: bool | None
    at: float

    @property
    def params(self) -> dict[str, str]:
        """Twilio's parameters wherever they are: query and form joined, last value wins."""
        return {**self.query, **self.form}


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer. ``delay`` is seconds before it; infinity never answers."""

    body: bytes | str = b""
    status: int = 200
    content_type: str | None = "text/xml"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False

    def render(self) -> web.Response:
        """Return it as aiohttp sends it; without a type where none is wanted."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        headers = CIMultiDict(self.headers)
        if self.content_type is not None:
            headers["Content-Type"] = self.content_type
        return web.Response(body=body, status=self.status, headers=headers)


class FakeApp:
    """A customer's web server on an ephemeral loopback port, an async context manager.

    With ``auth_token`` every request must be signed with it, else it is answered 403 (a
    WebSocket upgrade too, over its ``ws`` URL). Paths nobody scripted answer 404. At most
    ``keep`` requests are recorded; later ones are answered but forgotten.
    """

    def __init__(self, *, auth_token: str | None = None, keep: int = 100_000) -> None:
        self.requests: list[Received] = []
        self.port = 0
        self._validator = RequestValidator(auth_token) if auth_token else None
        self._scripts: dict[str, list[Answer]] = {}
        self._sockets: dict[str, WebSocketHandler] = {}
        self._keep = keep
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> Self:
        """Listen; ``port`` 0 takes a free one."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def close(self) -> None:
        """Stop listening; requests that are never answered are dropped."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def url(self, path: str = "/", scheme: str = "http") -> str:
        """Absolute URL of a path; ``scheme`` "ws" for a WebSocket."""
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    # scripting: each returns the URL

    def answer(self, path: str, *answers: Answer) -> str:
        """Give these answers in turn, the last one for ever; replaces an older script."""
        self._scripts[path] = list(answers) or [Answer(status=204)]
        return self.url(path)

    def twiml(self, path: str, *documents: str) -> str:
        """Answer with these documents in turn; ``<Response>`` is put around what lacks it."""
        wrapped = (d if "<Response" in d else f"<Response>{d}</Response>" for d in documents)
        return self.answer(path, *(Answer(document) for document in wrapped))

    def audio(self, path: str, body: bytes, content_type: str = "audio/wav") -> str:
        """Serve a file."""
        return self.answer(path, Answer(body, content_type=content_type))

    def callback(self, path: str, status: int = 204) -> str:
        """Take callbacks without a body."""
        return self.answer(path, Answer(status=status, content_type=None))

    def redirect(self, path: str, location: str, status: int = 302) -> str:
        """Send elsewhere; its own path makes a loop."""
        return self.answer(path, Answer(status=status, headers={"Location": location}))

    def never(self, path: str) -> str:
        """Accept the request and never answer."""
        return self.answer(path, Answer(delay=float("inf")))

    def drop(self, path: str) -> str:
        """Cut the connection instead of answering."""
        return self.answer(path, Answer(drop=True))

    def websocket(self, path: str, handler: WebSocketHandler) -> str:
        """Hand a path to an aiohttp handler, after recording and checking the request."""
        self._sockets[path] = handler
        return self.url(path, "ws")

    # looking

    def received(self, path: str) -> list[Received]:
        """Requests for one path so far, oldest first."""
        return [request for request in self.requests if request.path == path]

    async def wait_for(
        self,
        path: str,
        count: int = 1,
        *,
        timeout: float = 20.0,  # noqa: ASYNC109 - raises FakeAppError with what did come
    ) -> Received:
        """Wait until a path was asked ``count`` times; return the request that made it so."""
        return await self.wait_until(
            lambda r: r.path == path, count, timeout=timeout, name=f"{path} ({count})"
        )

    async def wait_until(
        self,
        wanted: Callable[[Received], bool],
        count: int = 1,
        *,
        timeout: float = 20.0,  # noqa: ASYNC109 - as above
        name: str = "the request",
    ) -> Received:
        """Wait until ``count`` recorded requests are ``wanted``; return the last of them."""
        try:
            async with asyncio.timeout(timeout):
                while len(found := [r for r in self.requests if wanted(r)]) < count:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            came = [f"{r.method} {r.path}" for r in self.requests]
            raise FakeAppError(f"{name} did not come in {timeout} s; these did: {came}") from None
        return found[count - 1]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        received = await self._record(request)
        if len(self.requests) < self._keep:
            self.requests.append(received)
        self._news.set()
        if received.signed is False:
            return web.Response(status=403, text="X-Twilio-Signature is missing or wrong")
        if handler := self._sockets.get(request.path):
            return await handler(request)
        script = self._scripts.get(request.path)
        if script is None:
            return web.Response(status=404, text="nothing here")
        answer = script.pop(0) if len(script) > 1 else script[0]
        if answer.delay == float("inf"):
            await asyncio.Event().wait()
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.drop and request.transport is not None:
            request.transport.abort()
        return answer.render()

    async def _record(self, request: web.Request) -> Received:
        body = await request.read()
        form: MultiDict[str] = MultiDict()
        if request.content_type == "application/x-www-form-urlencoded":
            form = MultiDict(
                (k, v) for k, v in (await request.post()).items() if isinstance(v, str)
            )
        scheme = "ws" if request.headers.get("Upgrade", "").lower() == "websocket" else "http"
        # The path exactly as it was asked for: the signature is over these characters.
        url = f"{scheme}://{request.headers.get('Host', '')}{request.raw_path}"
        signed: bool | None = None
        if self._validator is not None:
            params = form if form or "bodySHA256" not in request.query else body.decode()
            signature = request.headers.get("X-Twilio-Signature", "")
            signed = self._validator.validate(url, params, signature)
        return Received(
            method=request.method,
            path=request.path,
            url=url,
            query=MultiDictProxy(MultiDict(request.query)),
            form=MultiDictProxy(form),
            headers=request.headers,
            body=body,
            signed=signed,
            at=asyncio.get_running_loop().time(),
        )
