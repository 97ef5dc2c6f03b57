"""Retry, authentication and caching of document fetches (contract 1.2, 1.3, 4.6)."""

from __future__ import annotations

import base64
import hashlib
import re
from asyncio import StreamReader, StreamWriter
from typing import Any

import pytest
from aiohttp import web

from ari_app.http.cache import DocumentCache
from ari_app.http.webhooks import WebhookRequest, Webhooks
from ari_app.testing.web import Seen, raw_site, site, twiml

TOKEN = "the-auth-token"
IDEMPOTENCY = "I-Twilio-Idempotency-Token"
PARAMS = {"CallSid": "CA1", "From": "+1415"}


def fails_first(count: int, status: int) -> Any:
    """Answer ``status`` to the first ``count`` requests."""
    left = count

    def respond(_: Seen) -> web.Response:
        nonlocal left
        left -= 1
        return web.Response(status=status) if left >= 0 else twiml()

    return respond


# Retry


async def test_b_18_connect_failure_is_tried_again_once(client: Any) -> None:
    """The handshake breaks each time; connections are counted by the server."""
    tried = 0

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal tried
        await reader.read(1)
        tried += 1

    async with raw_site(script) as server:
        error = await client.fail(server.base.replace("http:", "https:"))
        assert error.retryable == "ct"
        assert tried == 2
        await client.fail(server.base.replace("http:", "https:") + "/#rc=0")
        assert tried == 3


@pytest.mark.parametrize(("policy", "status"), [("4xx", 404), ("5xx", 503), ("all", 500)])
async def test_retry_policy_of_the_url(client: Any, policy: str, status: int) -> None:
    async with site(fails_first(2, status)) as server:
        answer = await client.send(server.base + f"/#rc=2&rp={policy}", params=PARAMS)
    assert answer.status == 200
    assert len(server.seen) == 3
    assert len({seen.headers[IDEMPOTENCY] for seen in server.seen}) == 1
    assert all(dict(seen.form) == PARAMS and seen.signed_with(TOKEN) for seen in server.seen)


async def test_policy_covers_only_what_it_names(client: Any) -> None:
    async with site(fails_first(2, 500)) as server:
        assert (await client.fail(server.base + "/#rc=5&rp=4xx,ct,rt")).status == 500
    assert len(server.seen) == 1


async def test_no_retry_once_part_of_an_answer_came(client: Any) -> None:
    asked = 0

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Resp")

    async with raw_site(script) as server:
        await client.fail(server.base + "/#rc=5&rp=all")
    assert asked == 1


async def test_given_idempotency_token_is_used(client: Any) -> None:
    async with site(lambda _: twiml()) as server:
        await client.send(server.base, idempotency_token="again")
    assert server.seen[0].headers[IDEMPOTENCY] == "again"


# Authentication


def basic(seen: Seen) -> web.Response:
    expected = "Basic " + base64.b64encode(b"us er:p:ss").decode()
    if seen.headers.get("Authorization") == expected:
        return twiml()
    challenge = {"WWW-Authenticate": 'Basic realm="x", charset="UTF-8"'}
    return web.Response(status=401, headers=challenge, text="who are you?")


def digest(seen: Seen) -> web.Response:
    challenge = 'Digest realm="r", nonce="n1", qop="auth", algorithm=MD5'
    given = dict(re.findall(r'(\w+)="?([^",]+)', seen.headers.get("Authorization", "")))
    if given:

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        first = md5("user:r:pass")
        second = md5(f"{seen.method}:{seen.request.raw_path}")
        whole = f"{first}:n1:{given['nc']}:{given['cnonce']}:auth:{second}"
        if given["response"] == md5(whole):
            return twiml()
    return web.Response(status=401, headers={"WWW-Authenticate": challenge}, text="who?")


async def test_basic_challenge_is_answered(client: Any) -> None:
    async with site(basic) as server:
        url = server.base.replace("//", "//us%20er:p:ss@") + "/voice"
        answer = await client.send(url, params=PARAMS)
    first, second = server.seen
    assert "Authorization" not in first.headers
    assert dict(second.form) == PARAMS
    assert second.headers[IDEMPOTENCY] == first.headers[IDEMPOTENCY]
    assert second.signed_with(TOKEN, url=url), "userinfo is part of the signed URL"
    assert answer.url == url


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_digest_challenge_is_answered(client: Any, method: str) -> None:
    async with site(digest) as server:
        url = server.base.replace("//", "//user:pass@") + "/voice?x=1"
        assert (await client.send(url, method=method, params=PARAMS)).status == 200
    assert len(server.seen) == 2
    assert "Authorization" not in server.seen[0].headers


@pytest.mark.parametrize("respond", [basic, digest])
async def test_wrong_password_is_11200_after_one_answer(client: Any, respond: Any) -> None:
    async with site(respond) as server:
        error = await client.fail(server.base.replace("//", "//user:wrong@"))
    assert (error.code, error.status) == (11200, 401)
    assert "wrong" not in error.message
    assert len(server.seen) == 2


async def test_challenge_without_credentials_is_11200(client: Any) -> None:
    async with site(basic) as server:
        assert (await client.fail(server.base)).status == 401
    assert len(server.seen) == 1


async def test_credentials_follow_a_redirect_within_the_origin_only(client: Any) -> None:
    def respond(seen: Seen) -> web.Response:
        if seen.path == "/voice":
            return web.Response(status=302, headers={"Location": seen.query["to"]})
        return basic(seen)

    async with site(respond) as server, site(basic) as other:
        start = server.base.replace("//", "//us%20er:p:ss@") + "/voice?to="
        assert (await client.send(start + "/inner")).status == 200
        assert (await client.fail(start + other.base)).status == 401
    assert not any("Authorization" in seen.headers for seen in other.seen)


# Cache


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def counting(**headers: str) -> Any:
    """Answer a document that tells how often it was made."""
    made = 0

    def respond(seen: Seen) -> web.Response:
        nonlocal made
        etag = headers.get("ETag")
        if etag and seen.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        made += 1
        return twiml(str(made), headers=headers)

    return respond


async def answers(client: Any, base: str, times: int = 2, **fields: Any) -> list[bytes]:
    return [(await client.send(base, **fields)).body for _ in range(times)]


async def test_get_is_cached_while_fresh(client: Any) -> None:
    clock = Clock()
    client.webhooks = Webhooks(client.session, cache=DocumentCache(clock=clock))
    async with site(counting(**{"Cache-Control": "public, max-age=60", "Age": "20"})) as server:
        assert await answers(client, server.base, method="GET") == [b"1", b"1"]
        clock.now += 41
        assert await answers(client, server.base, method="GET") == [b"2", b"2"]
    assert len(server.seen) == 2


async def test_post_is_never_cached(client: Any) -> None:
    async with site(counting(**{"Cache-Control": "max-age=60"})) as server:
        assert await answers(client, server.base) == [b"1", b"2"]


async def test_etag_and_last_modified_are_asked_about(client: Any) -> None:
    modified = "Mon, 02 Feb 2026 12:00:00 GMT"
    async with site(counting(ETag='"v1"', **{"Last-Modified": modified})) as server:
        assert await answers(client, server.base, 3, method="GET") == [b"1", b"1", b"1"]
    assert len(server.seen) == 3
    assert server.seen[2].headers["If-Modified-Since"] == modified


async def test_expires_counts_from_the_servers_date(client: Any) -> None:
    stated = {"Date": "Mon, 02 Feb 2026 12:00:00 GMT", "Expires": "Mon, 02 Feb 2026 12:01:00 GMT"}
    async with site(counting(**stated)) as server:
        assert await answers(client, server.base, method="GET") == [b"1", b"1"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "no-store, max-age=60"},
        {"Cache-Control": "no-cache"},
        {"Cache-Control": "max-age=0"},
        {"Cache-Control": "max-age=nonsense"},
        {"Cache-Control": "max-age=60", "Vary": "*"},
        {"Cache-Control": "max-age=60", "Vary": "Accept, Cookie"},
        {"Cache-Control": "max-age=60", "Set-Cookie": "a=b"},
        {"Expires": "0"},
        {},
    ],
)
async def test_what_may_not_be_kept_is_not(client: Any, headers: dict[str, str]) -> None:
    async with site(counting(**headers)) as server:
        assert await answers(client, server.base, method="GET") == [b"1", b"2"]


async def test_accounts_do_not_share_the_cache(client: Any) -> None:
    async with site(counting(**{"Cache-Control": "max-age=60"})) as server:
        await client.send(server.base, method="GET")
        other = WebhookRequest(url=server.base, method="GET", auth_token="another")
        assert (await client.webhooks.send(other)).body == b"2"


async def test_cache_is_bounded(client: Any) -> None:
    cache = DocumentCache(most=3, most_bytes=4)
    client.webhooks = Webhooks(client.session, cache=cache)
    async with site(counting(**{"Cache-Control": "max-age=60"})) as server:
        for number in range(5):
            await client.send(f"{server.base}/{number}", method="GET")
        assert (await client.send(f"{server.base}/4", method="GET")).body == b"5"
        assert (await client.send(f"{server.base}/0", method="GET")).body == b"6"


async def test_errors_are_not_cached(client: Any) -> None:
    def respond(_: Seen) -> web.Response:
        return web.Response(status=500, headers={"Cache-Control": "max-age=60"})

    async with site(respond) as server:
        await client.fail(server.base, method="GET")
        await client.fail(server.base, method="GET")
    assert len(server.seen) == 2
