"""Whom a customer may have called by SIP URI (B-19 for SIP)."""

from __future__ import annotations

import socket
from typing import Any, cast

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from ari_app.api.ports import ApiError, CreateCall
from ari_app.call.sip import sip_host
from ari_app.store.store import Store
from ari_app.testing.call_services import ACCOUNT, CallRoom
from ari_app.wiring.calls import ApiCalls
from ari_app.wiring.sip_hosts import SipHosts
from stream.addresses import UrlPolicy

ADDRESSES = {"inside.test": "10.0.0.7", "outside.test": "198.35.26.96"}


class Phonebook(AbstractResolver):
    """DNS of a few names."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in ADDRESSES:
            raise OSError("no such name")
        answer: Any = {"host": ADDRESSES[host], "port": port}
        return [answer]

    async def close(self) -> None:
        """Nothing is open."""


async def call(room: CallRoom, to: str, **policy: Any) -> str:
    hosts = SipHosts(UrlPolicy.of(**{"allow_private": False, **policy}), Phonebook())
    calls = ApiCalls(room.manager, cast("Store", None), hosts=hosts)
    request = CreateCall(to=to, from_="+15550100", twiml="<Response/>")
    record = await calls.create(ACCOUNT, request)
    await room.ended()
    return record.to


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:5060", "[::1]", "[::ffff:10.0.0.1]:5060", "169.254.169.254",
     "inside.test", "inside.test:5080"],
)  # fmt: skip
async def test_a_sip_uri_does_not_lead_inside(room: CallRoom, host: str) -> None:
    with pytest.raises(ApiError) as refused:
        await call(room, f"sip:bob@{host};transport=tcp")
    assert (refused.value.status, refused.value.code) == (400, 21211)
    assert not room.calls.records


@pytest.mark.parametrize("host", ["198.35.26.96", "outside.test", "unknown.test:5080"])
async def test_a_sip_uri_leads_outside(room: CallRoom, host: str) -> None:
    assert await call(room, f"sip:bob@{host}") == f"sip:bob@{host}"


@pytest.mark.parametrize("policy", [{"allow_private": True}, {"allow": ["10.0.0.0/8"]}])
@pytest.mark.parametrize("host", ["10.0.0.9", "inside.test"])
async def test_a_sip_uri_leads_inside_when_that_is_allowed(
    room: CallRoom, policy: dict[str, Any], host: str
) -> None:
    assert await call(room, f"sip:bob@{host}", **policy) == f"sip:bob@{host}"


async def test_a_number_goes_where_the_route_says(room: CallRoom) -> None:
    assert await call(room, "+15550100") == "+15550100"


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("sip:bob@a.test:5060;transport=tcp", "a.test"),
        ("sip:a.test", "a.test"),
        ("sips:bob:pass@[2001:db8::1]:5061", "2001:db8::1"),
        ("sip:127.0.0.1;x=y@a.test", "a.test"),
        ("sip:bob@a.test?X-Order=7%20up", "a.test"),
        ("1000", None),
    ],
)
def test_the_host_of_a_sip_uri_is_what_is_called(uri: str, host: str | None) -> None:
    assert sip_host(uri) == host
