"""How a webhook looks to the customer's server (contract 1.2, 4.4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from ari_app.http.cookies import CookieStore
from ari_app.model import Endpoint
from ari_app.testing.web import Seen, raw_site, site, twiml

TOKEN = "the-auth-token"
FORM = {"CallSid": "CA1", "From": "+1 415", "FromCity": "", "Name": "Zoë & Søn 日本", "A=b": "%41"}


async def test_fact_20_post_is_a_signed_form(client: Any) -> None:
    async with site(lambda _: twiml("<Response><Hangup/></Response>")) as server:
        answer = await client.send(server.base + "/voice?x=1", params=FORM)
    (seen,) = server.seen
    assert seen.method == "POST"
    assert dict(seen.form) == FORM
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert seen.signed_with(TOKEN)
    assert answer.status == 200
    assert answer.body == b"<Response><Hangup/></Response>"
    assert answer.content_type == "text/xml; charset=utf-8"
    assert answer.url == server.base + "/voice?x=1"
    assert answer.duration >= 0


async def test_headers_are_twilios(client: Any) -> None:
    async with site(lambda _: twiml()) as server:
        await client.send(server.base, params=FORM)
        await client.send(server.base, params=FORM)
    first, second = (seen.headers for seen in server.seen)
    assert first["User-Agent"] == "TwilioProxy/1.1"
    assert first["Accept"] == "*/*"
    assert first["Accept-Encoding"] == "gzip"
    assert first["I-Twilio-Idempotency-Token"] != second["I-Twilio-Idempotency-Token"]
    assert "Authorization" not in first
    assert "Cookie" not in first


async def test_get_has_its_parameters_in_the_signed_url(client: Any) -> None:
    async with site(lambda _: twiml()) as server:
        answer = await client.send(server.base + "/voice?x=1", method="GET", params=FORM)
    (seen,) = server.seen
    assert seen.method == "GET"
    assert dict(seen.query) == {"x": "1", **FORM}
    assert not seen.form
    assert seen.signed_with(TOKEN)
    assert answer.url == server.base + "/voice?x=1", "relative URLs must not repeat them"


async def test_fact_21_empty_parameters_are_sent_and_signed(client: Any) -> None:
    async with site(lambda _: twiml()) as server:
        await client.send(server.base, params={"FromCity": "", "CallSid": "CA1"})
    (seen,) = server.seen
    assert seen.form["FromCity"] == ""
    assert seen.signed_with(TOKEN)


async def test_fact_26_the_body_arrives_untouched(client: Any) -> None:
    """Leading white space is the parser's to judge, so it must not be trimmed here."""
    async with site(lambda _: twiml("\n <?xml version='1.0'?><Response/>")) as server:
        answer = await client.send(server.base, expect_document=True)
    assert answer.body == b"\n <?xml version='1.0'?><Response/>"


async def test_repeated_parameters(client: Any) -> None:
    async with site(lambda _: twiml()) as server:
        await client.send(server.base, params={"Event": ["b", "a", "b"]})
    (seen,) = server.seen
    assert seen.form.getall("Event") == ["b", "a", "b"]
    assert seen.signed_with(TOKEN)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/a%20b?q=%7e~&r", "/a/../b/./c", "//x", "/ü?q=ñ ö", "/[x]?a[]=1", "/%zz?q=100%"],
)
async def test_url_reaches_the_server_as_it_is_signed(client: Any, path: str) -> None:
    async with site(lambda _: twiml()) as server:
        await client.send(server.base + path, params=FORM)
    assert server.seen[0].signed_with(TOKEN)


async def test_broken_unicode_in_a_parameter_is_replaced(client: Any) -> None:
    async with site(lambda _: twiml()) as server:
        await client.send(server.base, params={"CallerName": "a\udcffb"})
    assert server.seen[0].form["CallerName"] == "a?b"
    assert server.seen[0].signed_with(TOKEN)


async def test_gzip_is_unpacked(client: Any) -> None:
    def respond(_: Seen) -> web.Response:
        answer = twiml("<Response>" + " " * 5000 + "</Response>")
        answer.enable_compression(web.ContentCoding.gzip)
        return answer

    async with site(respond) as server:
        answer = await client.send(server.base, expect_document=True)
    assert answer.body.startswith(b"<Response>")


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_redirect_becomes_a_signed_get_without_fields(client: Any, status: int) -> None:
    def respond(seen: Seen) -> web.Response:
        if seen.path == "/old":
            return web.Response(status=status, headers={"Location": "new?y=2"})
        return twiml()

    async with site(respond) as server:
        answer = await client.send(server.base + "/old", params={"Digits": "1"})
    old, new = server.seen
    assert (new.method, new.path, dict(new.query), dict(new.form)) == (
        "GET",
        "/new",
        {"y": "2"},
        {},
    )
    assert old.signed_with(TOKEN)
    assert new.signed_with(TOKEN)
    token = "I-Twilio-Idempotency-Token"
    assert old.headers[token] == new.headers[token]
    assert answer.url == server.base + "/new?y=2"


async def test_redirect_307_keeps_post_but_not_the_fields(client: Any) -> None:
    def respond(seen: Seen) -> web.Response:
        if seen.path == "/old":
            return web.Response(status=307, headers={"Location": "/new"})
        return twiml()

    async with site(respond) as server:
        await client.send(server.base + "/old", params={"Digits": "1"})
    assert (server.seen[1].method, dict(server.seen[1].form)) == ("POST", {})
    assert server.seen[1].signed_with(TOKEN)


async def test_ten_redirects_are_followed_and_no_more(client: Any) -> None:
    def respond(seen: Seen) -> web.Response:
        left = int(seen.query["left"])
        if not left:
            return twiml()
        return web.Response(status=302, headers={"Location": f"/?left={left - 1}"})

    async with site(respond) as server:
        assert (await client.send(server.base + "/?left=10")).status == 200
        assert (await client.fail(server.base + "/?left=11")).code == 11215


@pytest.mark.parametrize("status", [300, 304, 305, 308])
async def test_other_redirects_are_11216(client: Any, status: int) -> None:
    def respond(_: Seen) -> web.Response:
        return web.Response(status=status, headers={"Location": "/new"})

    async with site(respond) as server:
        error = await client.fail(server.base)
    assert (error.code, error.status) == (11216, status)


async def test_redirect_without_location_is_11216(client: Any) -> None:
    async with site(lambda _: web.Response(status=302)) as server:
        assert (await client.fail(server.base)).code == 11216


@pytest.mark.parametrize("location", ["ftp://x/", "http://[", "javascript:1", "http://x:99999/"])
async def test_redirect_to_no_http_url_is_11100(client: Any, location: str) -> None:
    def respond(_: Seen) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    async with site(respond) as server:
        assert (await client.fail(server.base)).code == 11100


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
async def test_error_status_is_11200_and_told(client: Any, status: int) -> None:
    async with site(lambda _: web.Response(status=status)) as server:
        error = await client.fail(server.base + "/voice")
    assert (error.code, error.status) == (11200, status)
    assert error.message == f"POST {server.base}/voice: answered {status}"
    assert len(server.seen) == 1, "an answer is not asked for again by default"


async def test_error_names_no_password_and_no_parameters(client: Any) -> None:
    url = "http://user:s3cret@127.0.0.1:1/voice#ct=200"
    error = await client.fail(url, method="GET", params={"From": "+1415"})
    assert error.message == "GET http://127.0.0.1:1/voice: connection refused"
    assert error.url == "http://127.0.0.1:1/voice"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "voice",
        "/voice",
        "ftp://x/",
        "javascript:alert(1)",
        "http://",
        "http://:80/",
        "http://x:99999/",
        "http://x:0/",
        "http://a b/",
        "http://x\x00/",
        "http://x/\r\nHost: y",
        "http://[::1/",
        "http://" + "a" * 64 + ".com/",
        "http://x/" + "a" * 20_000,
        "https://user@/",
    ],
)
async def test_unusable_url_is_11100(client: Any, url: str) -> None:
    error = await client.fail(url)
    assert error.code == 11100
    assert "\n" not in error.message
    assert len(error.message) < 600


async def test_bad_override_is_11243(client: Any) -> None:
    assert (await client.fail("http://127.0.0.1:1/#rc=9")).code == 11243


async def test_empty_document_is_11770_but_a_callback_may_be_empty(client: Any) -> None:
    async with site(lambda _: web.Response(status=204)) as server:
        assert (await client.fail(server.base, expect_document=True)).code == 11770
        assert (await client.send(server.base)).status == 204


async def test_wrong_content_type_passes_through(client: Any) -> None:
    """What to make of it is decided where TwiML is read."""

    def respond(_: Seen) -> web.Response:
        return web.Response(body=b"{}", headers={"Content-Type": "application/json"})

    async with site(respond) as server:
        answer = await client.send(server.base, expect_document=True)
    assert (answer.content_type, answer.body) == ("application/json", b"{}")


async def test_missing_content_type_passes_through_as_none(client: Any) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()

    async with raw_site(script) as server:
        assert (await client.send(server.base, expect_document=True)).content_type is None


async def test_cookies_live_as_long_as_the_call(client: Any) -> None:
    def respond(seen: Seen) -> web.Response:
        answer = twiml()
        if "Cookie" not in seen.headers:
            answer.set_cookie("session", "abc", path="/")
            answer.set_cookie("elsewhere", "1", path="/other")
        return answer

    async with site(respond) as server:
        mine, other = CookieStore(), CookieStore()
        for cookies in (mine, mine, other, None):
            await client.send(server.base + "/voice", cookies=cookies)
    sent = [seen.headers.get("Cookie") for seen in server.seen]
    assert sent == [None, "session=abc", None, None]


async def test_cookies_are_bounded(client: Any) -> None:
    def respond(seen: Seen) -> web.Response:
        answer = twiml()
        start = len(server.seen) * 20
        for number in range(start, start + 20):
            answer.set_cookie(f"c{number}", "v")
        answer.set_cookie("large", "x" * 5000)
        return answer

    async with site(respond) as server:
        cookies = CookieStore(most=50)
        for _ in range(8):
            await client.send(server.base, cookies=cookies)
    last = server.seen[-1].headers["Cookie"]
    assert last.count("=") == 50
    assert "large" not in last


async def test_call_conversation_keeps_its_cookies(client: Any) -> None:
    def respond(_: Seen) -> web.Response:
        answer = twiml()
        answer.set_cookie("step", str(len(server.seen)))
        return answer

    async with site(respond) as server:
        talk = client.webhooks.conversation(auth_token=TOKEN, call_sid="CA1")
        await talk.ask(Endpoint(url=server.base), {"CallSid": "CA1"})
        await talk.ask(Endpoint(url=server.base, method="GET"), {"CallSid": "CA1"})
    assert server.seen[1].headers["Cookie"] == "step=1"
