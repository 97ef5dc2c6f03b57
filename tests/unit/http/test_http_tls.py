"""Certificates that do not hold, in Twilio's numbers (contract 1.2)."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import trustme

from ari_app.http.guard import guarded_session
from ari_app.testing.web import site, twiml
from stream.addresses import UrlPolicy

NOW = datetime.now(UTC)


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def session(authority: trustme.CA) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that trusts the test's authority."""
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    policy = UrlPolicy(allow_private=True)
    async with guarded_session(policy, ssl_context=trust) as opened:
        yield opened


async def test_good_certificate(client: Any, authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("127.0.0.1"))
    async with site(lambda _: twiml(), tls=tls) as server:
        assert (await client.send(server.base)).status == 200
    assert server.seen[0].signed_with("the-auth-token")


async def test_certificate_for_another_host_is_11235(client: Any, authority: trustme.CA) -> None:
    for name in ("example.com", "127.0.0.2"):
        tls = server_tls(authority.issue_cert(name))
        async with site(lambda _: twiml(), tls=tls) as server:
            error = await client.fail(server.base)
        assert error.code == 11235
        assert error.retryable is None


async def test_expired_certificate_is_11236(client: Any, authority: trustme.CA) -> None:
    old = authority.issue_cert(
        "127.0.0.1", not_before=NOW - timedelta(days=30), not_after=NOW - timedelta(days=1)
    )
    async with site(lambda _: twiml(), tls=server_tls(old)) as server:
        assert (await client.fail(server.base)).code == 11236


async def test_untrusted_certificate_is_11237(client: Any) -> None:
    tls = server_tls(trustme.CA().issue_cert("127.0.0.1"))
    async with site(lambda _: twiml(), tls=tls) as server:
        error = await client.fail(server.base)
    assert error.code == 11237
    assert not server.seen


async def test_https_to_a_plain_port_is_11220(client: Any) -> None:
    async with site(lambda _: twiml()) as server:
        error = await client.fail(server.base.replace("http:", "https:"))
    assert error.code == 11220


async def test_plain_http_to_a_tls_port_is_no_success(client: Any, authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("127.0.0.1"))
    async with site(lambda _: twiml(), tls=tls) as server:
        error = await client.fail(server.base.replace("https:", "http:"))
    assert error.code in (11205, 11206)
