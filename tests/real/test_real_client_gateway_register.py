"""Registration at the real client gateway (contract 9.2: register; RFC 3261 section 10)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ari_app.testing.client_gateway import PASSWORD, ClientGateway, client_gateway, needs_opensips
from ari_app.testing.client_phone import NATED, register
from ari_app.testing.stack import free_sip_port

pytestmark = [needs_opensips, pytest.mark.timeout(300)]
ACCOUNTS = ("alice", "bob", "carol", "dave")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientGateway]:
    """A gateway without a living node; three wrong passwords are too many."""
    with client_gateway(
        tmp_path_factory.mktemp("client"),
        [free_sip_port()],
        ACCOUNTS,
        min_expires=1,
        max_expires=3600,
        attempts=3,
        ping_interval=3600,
    ) as running:
        yield running


async def test_a_phone_registers_again_and_leaves(gateway: ClientGateway) -> None:
    port = free_sip_port()
    first = (await register(gateway, "alice", port=port)).check()
    assert first.messages[-1].header("Contact").startswith(f"<sip:127.0.0.1:{port}>;expires=600")
    (await register(gateway, "alice", port=port, expires=99_999)).check()
    (found,) = await gateway.contacts("alice")
    assert found.uri == f"sip:127.0.0.1:{port}"
    assert 600 < found.expires <= 3600  # longer than is allowed became what is allowed
    (await register(gateway, "alice", port=port, expires=0)).check()
    assert await gateway.contacts("alice") == ()


@pytest.mark.parametrize("login", ["alice", "nobody"])
async def test_a_wrong_password_and_an_unknown_name_look_the_same(
    gateway: ClientGateway, login: str
) -> None:
    source = {"alice": "127.0.0.2", "nobody": "127.0.0.3"}[login]
    result = await register(gateway, login, password="wrong", host=source, code=401)
    result.check()
    assert "Digest" in result.messages[-1].header("WWW-Authenticate")
    assert await gateway.contacts(login) == ()
    assert f"wrong credentials: account={login} source={source}" in gateway.log


async def test_nobody_registers_for_another(gateway: ClientGateway) -> None:
    result = (await register(gateway, "alice", user="bob", code=403)).check()
    assert result.messages[-1].start_line == "SIP/2.0 403 Forbidden auth ID"
    assert await gateway.contacts("bob") == ()


async def test_who_guesses_passwords_is_refused_and_others_are_not(gateway: ClientGateway) -> None:
    guesser = "127.0.0.4"
    for guess in ("a", "b", "c"):
        (await register(gateway, "bob", password=guess, host=guesser, code=401)).check()
    result = await register(gateway, "bob", password=PASSWORD, host=guesser)
    assert "SIP/2.0 403 Too many attempts" in [one.start_line for one in result.messages]
    assert len(await gateway.contacts("bob")) == 0
    (await register(gateway, "bob")).check()


async def test_a_registration_expires(gateway: ClientGateway) -> None:
    (await register(gateway, "carol", expires=1)).check()
    await gateway.unregistered("carol")


async def test_a_phone_behind_nat_is_known_by_where_it_came_from(gateway: ClientGateway) -> None:
    port = free_sip_port()
    contact = f"sip:dave@{NATED}:5060"
    (await register(gateway, "dave", contact=contact, port=port)).check()
    (found,) = await gateway.contacts("dave")
    assert (found.uri, found.received) == (contact, f"sip:127.0.0.1:{port}")
