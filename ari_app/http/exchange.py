"""One HTTP request and its bounded answer; no redirects, no retries.

Authentication lives here because a 401 is answered within the same logical request: the
first try carries no ``Authorization`` (Twilio's habit), a challenge is answered once.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from multidict import CIMultiDictProxy

from ari_app.http.cookies import CookieStore
from ari_app.http.overrides import Limits
from ari_app.http.target import Target


class BrokenBodyError(Exception):
    """The answer began and then failed; the cause is its ``__cause__``. Never retried."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. ``body`` holds ``limits.body`` bytes at most; ``cut`` if more came."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    cut: bool

    @property
    def content_type(self) -> str | None:
        """The whole Content-Type header, or None."""
        return self.headers.get("Content-Type")


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    target: Target,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
    limits: Limits,
    cookies: CookieStore | None,
) -> Answer:
    """Send one request, answering a Basic or Digest challenge with the URL's userinfo.

    Raises what aiohttp raises, or BrokenBodyError from it. The caller enforces
    ``limits.total``.
    """
    answer = await _send_again_if_stale(session, method, target, body, headers, limits, cookies)
    if answer.status == 401 and target.userinfo and _offers_basic(answer):
        userinfo = f"{target.login}:{target.password}".encode()
        credentials = {"Authorization": "Basic " + base64.b64encode(userinfo).decode()}
        headers = {**headers, **credentials}
        return await _send_again_if_stale(session, method, target, body, headers, limits, cookies)
    return answer


def _offers_basic(answer: Answer) -> bool:
    """Whether a challenge asks for Basic."""
    challenges = answer.headers.getall("WWW-Authenticate", [])
    return any("basic" in challenge.lower().split() for challenge in challenges)


async def _send_again_if_stale(
    session: aiohttp.ClientSession,
    method: str,
    target: Target,
    body: bytes | None,
    headers: Mapping[str, str],
    limits: Limits,
    cookies: CookieStore | None,
) -> Answer:
    """Send; again when the server closed a pooled connection just as it was taken.

    Ends, because each such failure takes one connection out of the pool.
    """
    while True:
        context = SimpleNamespace(reused=False)
        try:
            return await _send(session, method, target, body, headers, limits, cookies, context)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionResetError) as error:
            part_came = not isinstance(getattr(error, "message", ""), str)
            if part_came or not context.reused:
                raise


async def _send(
    session: aiohttp.ClientSession,
    method: str,
    target: Target,
    body: bytes | None,
    headers: Mapping[str, str],
    limits: Limits,
    cookies: CookieStore | None,
    context: SimpleNamespace,
) -> Answer:
    """One request on one connection (two if a Digest challenge comes)."""
    headers = dict(headers)
    if cookies is not None and (held := cookies.header(target.wire)):
        headers["Cookie"] = held
    middlewares: tuple[aiohttp.ClientMiddlewareType, ...] = ()
    if target.login and ":" not in target.login and "Authorization" not in headers:
        middlewares = (
            aiohttp.DigestAuthMiddleware(target.login, target.password, preemptive=False),
        )
    async with session.request(
        method,
        target.wire,
        data=body,
        headers=headers,
        allow_redirects=False,
        auto_decompress=True,
        timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_read=limits.read),
        middlewares=middlewares,
        trace_request_ctx=context,
    ) as response:
        if cookies is not None:
            cookies.update(target.wire, response.cookies)
        content, cut = await _read(response, limits.body)
        return Answer(response.status, response.headers, content, cut)


async def _read(response: aiohttp.ClientResponse, most: int) -> tuple[bytes, bool]:
    """Read at most ``most`` bytes; the connection of a longer body is dropped.

    The bytes are counted after decompression, which aiohttp does piece by piece, so a small
    body that unpacks into gigabytes stops at the same place.
    """
    content = bytearray()
    try:
        async for chunk in response.content.iter_any():
            content += chunk
            if len(content) > most:
                response.close()
                return bytes(content[:most]), True
    except (aiohttp.ClientError, OSError) as error:
        raise BrokenBodyError from error
    return bytes(content), False
