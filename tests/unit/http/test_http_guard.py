"""Requests forged through the switch reach nothing private (B-19)."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from ari_app.http.failures import WebhookError
from ari_app.http.guard import guarded_session
from ari_app.http.webhooks import WebhookRequest, Webhooks
from ari_app.testing.web import Seen, site, twiml
from stream.addresses import UrlPolicy


class OneAnswer(AbstractResolver):
    """A DNS that answers each name with the next list of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


async def refusal(session: aiohttp.ClientSession, url: str) -> WebhookError:
    with pytest.raises(WebhookError) as caught:
        await Webhooks(session).send(WebhookRequest(url=url, auth_token="t"))
    return caught.value


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_b_19_loopback_is_refused_in_every_spelling(host: str) -> None:
    async with site(lambda _: twiml()) as server, guarded_session(UrlPolicy()) as session:
        error = await refusal(session, f"http://{host}:{server.port}/")
        assert error.code == 11205
        assert "not allowed" in error.message
        assert not server.seen


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "0"])
async def test_b_19_odd_numbers_never_arrive(host: str) -> None:
    async with site(lambda _: twiml()) as server, guarded_session(UrlPolicy()) as session:
        error = await refusal(session, f"http://{host}:{server.port}/")
        assert error.code in (11100, 11205, 11210)
        assert not server.seen


async def test_b_19_name_that_resolves_to_a_private_address() -> None:
    resolver = OneAnswer(["169.254.169.254"])
    async with guarded_session(UrlPolicy(), resolver=resolver) as session:
        error = await refusal(session, "http://metadata.example/")
        assert error.code == 11205
        assert "169.254.169.254" in error.message


async def test_b_19_name_with_several_private_addresses() -> None:
    resolver = OneAnswer(["10.0.0.1", "::1", "127.0.0.1"])
    async with guarded_session(UrlPolicy(), resolver=resolver) as session:
        assert (await refusal(session, "http://rebind.example/")).code == 11205


async def test_b_19_redirect_to_a_private_address() -> None:
    """The first hop is allowed by the list, the second is not."""

    def respond(seen: Seen) -> web.Response:
        location = f"http://127.0.0.2:{inner.port}/admin"
        return web.Response(status=302, headers={"Location": location})

    policy = UrlPolicy.of(allow_private=False, allow=["127.0.0.1"])
    async with (
        site(lambda _: twiml()) as inner,
        site(respond) as outer,
        guarded_session(policy) as session,
    ):
        error = await refusal(session, outer.base + "/voice")
        assert error.code == 11205
        assert "redirected to http://127.0.0.2" in error.message
        assert not inner.seen
        assert len(outer.seen) == 1


async def test_denied_address_is_not_tried_again() -> None:
    resolver = OneAnswer(["127.0.0.1"], ["127.0.0.1"])
    async with guarded_session(UrlPolicy(), resolver=resolver) as session:
        error = await refusal(session, "http://name.example/#rc=5&rp=all")
        assert error.retryable is None


async def test_allow_list_lets_a_request_through() -> None:
    policy = UrlPolicy.of(allow_private=False, allow=["127.0.0.1/32"])
    async with site(lambda _: twiml()) as server, guarded_session(policy) as session:
        request = WebhookRequest(url=server.base, auth_token="t")
        assert (await Webhooks(session).send(request)).status == 200


async def test_dead_names_hold_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than any event loop has threads for names."""
    given_up, looked_up, loop = threading.Event(), asyncio.Event(), asyncio.get_running_loop()
    system = socket.getaddrinfo

    def slow(host: str, *more: Any, **options: Any) -> Any:
        if host.startswith("dead"):
            loop.call_soon_threadsafe(looked_up.set)
            given_up.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return system(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    policy = UrlPolicy(allow_private=True)
    async with site(lambda _: twiml()) as server, guarded_session(policy) as session:
        webhooks = Webhooks(session)
        dead = [
            asyncio.create_task(refusal(session, f"http://dead{number}.example/#rc=0"))
            for number in range(40)
        ]
        await looked_up.wait()
        try:
            url = f"http://localhost:{server.port}/"
            answer = await webhooks.send(WebhookRequest(url=url, auth_token="t"))
        finally:
            given_up.set()
        assert answer.status == 200
        assert {error.code for error in await asyncio.gather(*dead)} == {11210}
