"""Whatever comes in: Twilio's error JSON goes out, and the next request works."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ari_app.api import ApiError
from ari_app.errors import StoreUnavailable
from ari_app.testing.api_server import ApiServer, api_server, basic_auth

FORM = "application/x-www-form-urlencoded"
GOOD = "To=%2B1&From=%2B2&Twiml=%3CResponse%2F%3E"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as server:
        yield server
        # Whatever a test sent, the next honest request is served.
        server.calls.fail_with = None
        url, headers = f"{server.root}/Calls.json", {"Content-Type": FORM}
        async with server.session.post(url, data=GOOD, headers=headers) as response:
            assert response.status == 201


async def answer(
    api: ApiServer, method: str = "POST", path: str = "/Calls.json", **kwargs: object
) -> tuple[int, int]:
    async with api.session.request(method, api.root + path, **kwargs) as response:  # type: ignore[arg-type]
        body = await response.json()
        assert set(body) == {"code", "message", "more_info", "status"}
        assert body["status"] == response.status
        assert response.headers["Twilio-Request-Id"]
        return response.status, body["code"]


async def test_a_huge_body_is_refused_unread(api: ApiServer) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 65_536

    assert await answer(api, data=BytesIO(b"x" * 10_000_000)) == (413, 20001)
    assert await answer(api, data=chunks(), headers={"Content-Type": FORM}) == (413, 20001)


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", FORM, 21201),
        (b"   ", FORM, 21201),
        (b"&&&===&;", FORM, 21201),
        (b"\xff\xfe\x00", FORM, 20001),
        (b"To=%FF%FE&From=1", FORM, 20001),
        (b"To=%00", FORM, 20001),
        (b"a=1&" * 2000, FORM, 20001),
        (b'{"To":"+1"}', "application/json", 20001),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 20001),
        (b"--x\r\n", "multipart/form-data", 20001),
        (b"<xml/>", "text/xml", 20001),
        (b"To=1", "garbage/;;;=", 20001),
    ],
)
async def test_bodies_that_are_no_form(api: ApiServer, body: bytes, kind: str, code: int) -> None:
    assert await answer(api, data=body, headers={"Content-Type": kind}) == (400, code)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE"])
async def test_fact_19_a_wrong_method_is_20004(api: ApiServer, method: str) -> None:
    assert await answer(api, method) == (405, 20004)


@pytest.mark.parametrize(
    "path",
    [
        "/Nothing.json",
        "/Calls.xml",
        "/Calls.json.json",
        "/Calls/",
        "/Calls/CA123.json",
        "/Calls/" + "A" * 4000,
        "/Calls/..%2f..%2f..%2fetc%2fpasswd",
        "/Calls/%00",
        "/Calls/%ff%fe",
        "/Calls/%ed%a0%80",
        "/Calls/é\u202e",
        "/IncomingPhoneNumbers/Mobile/PN1.json",
    ],
)
async def test_fact_19_an_unknown_path_is_20404(api: ApiServer, path: str) -> None:
    assert await answer(api, "GET", path) == (404, 20404)


async def test_an_unexpected_failure_is_20500_logged_and_tells_nothing(api: ApiServer) -> None:
    api.calls.fail_with = RuntimeError("secret detail")
    with capture_logs() as logs:
        async with api.session.post(
            f"{api.root}/Calls.json", data=GOOD, headers={"Content-Type": FORM}
        ) as response:
            text = await response.text()
            assert response.status == 500
            assert (await response.json())["code"] == 20500
    assert "secret" not in text
    assert "Traceback" not in text
    [line] = [entry for entry in logs if entry["event"] == "request failed"]
    assert line["exc_info"] is api.calls.fail_with


async def test_a_store_away_is_20503(api: ApiServer) -> None:
    headers = {"Content-Type": FORM}
    api.calls.fail_with = StoreUnavailable("database is locked")
    assert await answer(api, data=GOOD, headers=headers) == (503, 20503)
    api.calls.fail_with = ApiError(503, 20503, "draining")
    assert await answer(api, data=GOOD, headers=headers) == (503, 20503)


async def test_a_locked_database_is_20503_while_reading_goes_on(
    api: ApiServer, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "api.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await answer(api, data=GOOD, headers={"Content-Type": FORM}) == (503, 20503)
    async with api.session.get(f"{api.root}/Calls.json") as response:
        assert response.status == 200
    other.execute("ROLLBACK")
    other.close()


async def test_a_body_that_breaks_off_harms_nobody(api: ApiServer) -> None:
    port = int(api.url.rpartition(":")[2])
    auth = basic_auth(api.account.sid, api.account.auth_token)["Authorization"]
    head = (
        f"POST /2010-04-01/Accounts/{api.account.sid}/Calls.json HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {auth}\r\nContent-Type: {FORM}\r\n"
    )
    for rest in ("Content-Length: 100\r\n\r\nTo=1", "Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write((head + rest).encode())
        writer.write_eof()
        status = await reader.readline()
        assert b"201" not in status
        assert b"500" not in status
        writer.close()
        await writer.wait_closed()


async def test_text_that_is_no_http_at_all(api: ApiServer) -> None:
    port = int(api.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
    assert b"400" in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_sql_and_markup_in_parameters_are_just_text(api: ApiServer) -> None:
    async with api.session.get(
        f"{api.root}/Calls.json", params={"To": "' OR 1=1 --", "From": "%_\\"}
    ) as response:
        assert (await response.json())["calls"] == []
