"""A failed download has the number and the words of a failed webhook."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from ari_app.errors import TwilioError
from ari_app.failures import explain
from ari_app.http.guard import guarded_session
from ari_app.media import MediaCache
from ari_app.testing.media_server import MediaServer
from ari_app.testing.web import site, twiml
from stream.addresses import UrlPolicy


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
async def test_a_certificate_out_of_date_is_11236_early_and_late(
    tmp_path: Path, days: tuple[int, int]
) -> None:
    now = datetime.now(UTC)
    first, last = (now + timedelta(days=number) for number in days)
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", not_before=first, not_after=last).configure_cert(tls)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    policy = UrlPolicy(allow_private=True)
    async with (
        site(lambda _: twiml(), tls=tls) as server,
        guarded_session(policy, ssl_context=trust) as session,
    ):
        with pytest.raises(TwilioError) as caught:
            await MediaCache(tmp_path, session, 1_000_000).fetch(server.base + "/a.wav")
    assert caught.value.code == 11236
    assert "out of date" in caught.value.message


@pytest.mark.parametrize("location", ["ftp://me:secret@host/a", "http://me:secret@x:y/"])
async def test_a_redirect_to_no_url_is_11216_and_shows_no_password(
    cache: MediaCache, media_server: MediaServer, location: str
) -> None:
    async def elsewhere(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    with pytest.raises(TwilioError) as caught:
        await cache.fetch(media_server.on("/away", elsewhere))
    assert caught.value.code == 11216
    assert "secret" not in caught.value.message


def test_an_invalid_url_is_11100_and_its_password_is_not_told() -> None:
    cause = explain(aiohttp.InvalidURL("http://me:secret@x:y/"))
    assert cause.code == 11100
    assert "secret" not in cause.text
