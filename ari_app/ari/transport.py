"""REST requests to Asterisk: authorisation, deadline, errors."""

from __future__ import annotations

import asyncio
import base64
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import aiohttp
import msgspec
from yarl import URL

from ari_app.ari.errors import Unavailable, error_for
from ari_app.ari.trace import Asked, Trace

try:
    USER_AGENT = f"ariswitch/{version('ariswitch')}"
except PackageNotFoundError:
    USER_AGENT = "ariswitch"


class _Refusal(msgspec.Struct):
    message: str = ""
    error: str = ""


class Transport:
    """Sends requests below one ARI URL; the password travels in a header, never in the URL."""

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        session: aiohttp.ClientSession | None = None,
        deadline: float = 10.0,
        trace: Trace | None = None,
    ) -> None:
        """`url` is Asterisk's, with or without `/ari`; `deadline` in seconds; `trace` looks on.

        Raises ValueError for a URL that is not absolute http(s), or has a user in it.
        """
        base = URL(url)
        if base.scheme not in ("http", "https") or not base.host:
            raise ValueError(f"not an http(s) URL of Asterisk: {url!r}")
        if base.user is not None or base.password is not None:
            raise ValueError("ARI user and password do not belong in the URL")
        root = base.path.rstrip("/").removesuffix("/ari")
        self.base = base.with_path(f"{root}/ari").with_query(None).with_fragment(None)
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {credentials}", "User-Agent": USER_AGENT}
        self.deadline = deadline
        self.trace = trace
        self._numbers = itertools.count(1)
        self._session = session
        self._owns_session = session is None
        # Requests under way: reconciling must not judge a channel that is just being made.
        self._in_flight: set[asyncio.Future[None]] = set()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session, made at first use inside the running loop."""
        if self._session is None:
            # Asterisk closes a quiet connection after 15 s (http.conf, session_keep_alive);
            # a POST sent into that moment is lost, so ours are given up earlier.
            connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=10)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        return self._session

    async def close(self) -> None:
        """Close the session if it is our own."""
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None
    ) -> bytes:
        """One request; raises AriError, Unavailable when there is no whole answer in time."""
        exchange = partial(self._exchange, method, path, query, body)
        status, answer = await self.traced(method, path, query, body, exchange)
        if status >= 300:
            raise error_for(method, path, status, _message(answer))
        return answer

    async def traced(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None,
        exchange: Callable[[], Awaitable[tuple[int, bytes]]],
    ) -> tuple[int, bytes]:
        """Have ``exchange`` ask Asterisk, told to who looks on; raises what it raises."""
        if (trace := self.trace) is None:
            return await exchange()
        asked = Asked(next(self._numbers), method, path, query, body)
        trace.asked(asked)
        begun = time.perf_counter()
        try:
            status, answer = await exchange()
        except Unavailable as error:
            trace.answered(asked, 0, error.message.encode(), time.perf_counter() - begun)
            raise
        trace.answered(asked, status, answer, time.perf_counter() - begun)
        return status, answer

    async def _exchange(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        """Status and body of the answer; raises Unavailable."""
        url = URL(f"{self.base}{path}", encoded=True).with_query(query)
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in_flight.add(done)
        try:
            async with self.session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self.deadline),
            ) as response:
                return response.status, await response.read()
        except TimeoutError:
            reason = f"no answer within {self.deadline:g} s"
            raise Unavailable(method, path, 0, reason) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(method, path, 0, str(error) or type(error).__name__) from error
        finally:
            self._in_flight.discard(done)
            done.set_result(None)

    async def settled(self) -> None:
        """Return once every request now under way has ended."""
        if self._in_flight:
            await asyncio.wait(set(self._in_flight))


def _message(answer: bytes) -> str:
    """Asterisk's own words: `{"message": …}`, seldom `{"error": …}`, else the first line."""
    try:
        refusal = msgspec.json.decode(answer, type=_Refusal)
    except msgspec.DecodeError:
        return answer[:200].decode(errors="replace").partition("\n")[0].strip()
    return refusal.message or refusal.error
