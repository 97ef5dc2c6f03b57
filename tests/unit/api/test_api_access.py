"""Who gets in, accounts, notifications, and the pages that are open to all."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession, web
from prometheus_client.parser import text_string_to_metric_families
from twilio.base.exceptions import TwilioException, TwilioRestException

from ari_app.model import Notification
from ari_app.sids import new_sid
from ari_app.testing.api_server import TOKEN, ApiServer, api_server, basic_auth, new_account
from ari_app.testing.twilio_client import twilio_client


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async with api_server(tmp_path, open_routes=[web.get("/demo/hello", hello)]) as server:
        yield server


async def test_a_wrong_account_and_a_wrong_token_look_the_same(api: ApiServer) -> None:
    pairs = [(api.account.sid, "wrong"), (new_sid("AC"), TOKEN), (api.account.sid, ""), ("", "")]
    headers = [basic_auth(*pair) for pair in pairs]
    headers += [
        basic_auth("AC\0", "x\0"),
        {},
        {"Authorization": "Bearer abc"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
        {"Authorization": "Basic " + "A" * 5000},
    ]
    answers = set()
    async with ClientSession() as session:
        for header in headers:
            async with session.get(f"{api.root}/Calls.json", headers=header) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"] == 'Basic realm="Twilio API"'
                answers.add(await response.text())
    assert len(answers) == 1
    body = msgspec.json.decode(answers.pop())
    assert body["detail"]
    assert {**body, "detail": ""} == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
        "detail": "",
    }


async def test_the_client_s_credential_error(api: ApiServer) -> None:
    client = twilio_client(api.url, api.account.sid, "wrong")
    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(client.calls(new_sid("CA")).fetch)
    client.http_client.session.close()
    assert (caught.value.status, caught.value.code) == (401, 20003)


async def test_another_account_s_things_do_not_exist(api: ApiServer) -> None:
    other = await api.store.accounts.ensure(new_account("other" * 6))
    call = await api.add_call()
    for path in (f"{other.sid}.json", f"{other.sid}/Calls.json", f"{new_sid('AC')}.json"):
        async with api.session.get(f"{api.url}/2010-04-01/Accounts/{path}") as response:
            assert (response.status, (await response.json())["code"]) == (404, 20404)
    url = f"{api.url}/2010-04-01/Accounts/{other.sid}/Calls/{call.sid}.json"
    headers = basic_auth(other.sid, "other" * 6)
    async with ClientSession() as session, session.get(url, headers=headers) as response:
        assert response.status == 404


async def test_a_closed_account_is_nobody(api: ApiServer) -> None:
    await api.store.accounts.ensure(msgspec.structs.replace(api.account, status="closed"))
    async with api.session.get(f"{api.root}.json") as response:
        assert response.status == 401


async def test_apps_fetch_the_account_to_test_their_credentials(api: ApiServer) -> None:
    account = await asyncio.to_thread(api.twilio.api.accounts(api.account.sid).fetch)
    assert (account.sid, account.status, account.type) == (api.account.sid, "active", "Full")
    assert [a.sid for a in await asyncio.to_thread(api.twilio.api.accounts.list)] == [account.sid]


async def test_notifications_of_account_and_call(api: ApiServer) -> None:
    call = await api.add_call()
    at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    error = Notification(
        sid=new_sid("NO"), account_sid=api.account.sid, call_sid=call.sid, error_code=11200,
        log="0", message="got 500 & gave up", request_url="https://a.example/",
        request_method="POST", date_created=at,
    )  # fmt: skip
    await api.store.notifications.add(error)
    other = msgspec.structs.replace(error, sid=new_sid("NO"), call_sid=None, log="1")
    await api.store.notifications.add(other)

    def look() -> None:
        notes = api.twilio.api.account.notifications
        assert [n.sid for n in notes.list()] == [other.sid, error.sid]
        assert [n.sid for n in notes.list(log=1)] == [other.sid]
        assert [n.sid for n in notes.list(message_date=at.date())] == [other.sid, error.sid]
        day = (at - timedelta(days=1)).date()
        assert notes.list(message_date_before=day) == []
        [of_call] = api.twilio.calls(call.sid).notifications.list()
        assert of_call.sid == error.sid
        assert of_call.message_text == "Msg=got+500+%26+gave+up&ErrorCode=11200&LogLevel=ERROR"
        assert of_call.message_date == at
        one = api.twilio.calls(call.sid).notifications(error.sid).fetch()
        assert (one.error_code, one.request_url) == ("11200", "https://a.example/")
        with pytest.raises(TwilioRestException):
            api.twilio.calls(call.sid).notifications(other.sid).fetch()
        with pytest.raises(TwilioException, match="20404"):
            api.twilio.calls(new_sid("CA")).notifications.list()

    await asyncio.to_thread(look)


async def test_health_is_200_only_when_all_is_well(api: ApiServer) -> None:
    async with ClientSession() as session:

        async def ask() -> tuple[int, dict[str, object]]:
            async with session.get(f"{api.url}/health") as response:
                return response.status, await response.json()

        good = {"asterisk": True, "store": True}
        assert await ask() == (200, {"status": "ok", "draining": False, "parts": good})
        api.parts["draining"] = True
        assert await ask() == (503, {"status": "draining", "draining": True, "parts": good})
        api.parts.update(asterisk=False, draining=False)
        status, body = await ask()
        assert (status, body["status"]) == (503, "unavailable")
        assert body["parts"] == {"asterisk": False, "store": True}


async def test_open_routes_need_no_credentials_and_others_do(api: ApiServer) -> None:
    async with ClientSession() as session:
        for path, status in (
            ("/demo/hello", 200),
            ("/metrics", 200),
            ("/health", 200),
            ("/nothing", 404),
            ("/2010-04-01", 401),
            ("/2010-04-01/nothing", 401),
            ("/2010-04-01/Accounts.json", 401),
            ("/2010-04-01/../health", 200),
            ("//2010-04-01/Accounts.json", 404),
            ("/%32010-04-01/Accounts.json", 401),
        ):
            async with session.get(api.url + path) as response:
                assert (path, response.status) == (path, status)


async def test_metrics_labels_never_tell_who_called_whom(api: ApiServer) -> None:
    """Labels are templates: no SID, number or URL, and a bounded set of values."""
    call = await api.add_call()
    for method, path in (
        ("GET", f"/Calls/{call.sid}.json"),
        ("GET", "/Calls.json?To=%2B15550001"),
        ("GET", f"/Calls/{new_sid('CA')}"),
        ("POST", "/Calls.json"),
        ("GET", "/no/such/+15550001"),
        ("PROPFIND", f"/Calls/{call.sid}.json"),
    ):
        async with api.session.request(method, api.root + path):
            pass
    async with api.session.get(f"{api.url}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    families = {f.name: f for f in text_string_to_metric_families(text)}
    assert "ariswitch_http_request_seconds" in families
    samples = [s for f in families.values() for s in f.samples]
    allowed = {"method", "route", "status", "le"}
    assert {label for s in samples for label in s.labels} <= allowed
    for value in (v for s in samples for v in s.labels.values()):
        secrets = (call.sid, api.account.sid, "555", "http:", "PROPFIND")
        assert not any(secret in value for secret in secrets)
    counts = {
        (s.labels["method"], s.labels["route"], s.labels["status"]): s.value
        for s in families["ariswitch_http_requests"].samples
        if s.name.endswith("_total")
    }
    route = "/2010-04-01/Accounts/{account}/Calls/{sid}"
    assert counts["GET", route, "2xx"] == 1
    assert counts["GET", route, "4xx"] == 1
    assert counts["GET", "unmatched", "4xx"] == 1
    assert counts["other", "unmatched", "4xx"] == 1
