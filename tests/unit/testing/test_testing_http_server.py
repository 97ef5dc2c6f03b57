"""The customer's web server, asked by a plain aiohttp client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from twilio.request_validator import RequestValidator

from ari_app.testing.http_server import Answer, FakeApp, FakeAppError

TOKEN = "12345"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


async def test_documents_come_in_turn_and_the_last_one_stays(
    client: aiohttp.ClientSession,
) -> None:
    async with FakeApp() as app:
        url = app.twiml("/voice", "<Pause/>", "<Response><Hangup/></Response>")
        texts = []
        for _ in range(3):
            async with client.post(url) as answer:
                texts.append(await answer.text())
                assert answer.content_type == "text/xml"
        assert texts == [
            "<Response><Pause/></Response>",
            "<Response><Hangup/></Response>",
            "<Response><Hangup/></Response>",
        ]


async def test_requests_are_recorded_with_query_form_and_headers(
    client: aiohttp.ClientSession,
) -> None:
    async with FakeApp() as app:
        url = app.callback("/status")
        async with client.post(f"{url}?a=1", data={"CallSid": "CA1"}, headers={"X-Y": "z"}) as got:
            assert got.status == 204
        request = await app.wait_for("/status")
        assert request.params == {"a": "1", "CallSid": "CA1"}
        assert (request.method, request.headers["X-Y"], request.signed) == ("POST", "z", None)


async def test_fact_20_a_request_without_a_valid_signature_is_refused(
    client: aiohttp.ClientSession,
) -> None:
    validator = RequestValidator(TOKEN)
    async with FakeApp(auth_token=TOKEN) as app:
        url = app.twiml("/voice", "<Hangup/>") + "?x=%2B1&y=a+b"
        form = {"To": "+18005551212", "FromCity": ""}
        good = {"X-Twilio-Signature": validator.compute_signature(url, form)}
        for headers, status in ((good, 200), ({}, 403), ({"X-Twilio-Signature": "no"}, 403)):
            async with client.post(url, data=form, headers=headers) as answer:
                assert answer.status == status
        async with client.get(
            url, headers={"X-Twilio-Signature": validator.compute_signature(url, {})}
        ) as answer:
            assert answer.status == 200
        assert [request.signed for request in app.requests] == [True, False, False, True]


async def test_fact_16_a_websocket_upgrade_is_checked_over_its_ws_url(
    client: aiohttp.ClientSession,
) -> None:
    async def hello(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("hello")
        await socket.close()
        return socket

    async with FakeApp(auth_token=TOKEN) as app:
        url = app.websocket("/stream", hello)
        signature = RequestValidator(TOKEN).compute_signature(url, {})
        async with client.ws_connect(url, headers={"X-Twilio-Signature": signature}) as socket:
            assert (await socket.receive_str()) == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await client.ws_connect(url)


async def test_scripted_misbehaviour(client: aiohttp.ClientSession) -> None:
    async with FakeApp() as app:
        async with client.get(app.redirect("/loop", "/loop"), allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "/loop")
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.get(app.drop("/drop"))
        with pytest.raises(TimeoutError):
            await client.get(app.never("/never"), timeout=aiohttp.ClientTimeout(total=0.05))
        async with client.get(app.answer("/x", Answer("x", content_type="a/b"))) as answer:
            assert answer.content_type == "a/b"
        async with client.get(app.url("/nothing")) as answer:
            assert answer.status == 404


async def test_what_did_not_come_is_said(client: aiohttp.ClientSession) -> None:
    async with FakeApp() as app:
        await client.get(app.url("/other"))
        with pytest.raises(FakeAppError, match="GET /other"):
            await app.wait_for("/status", timeout=0.01)
