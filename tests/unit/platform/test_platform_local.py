"""Who a call is for: number forms, sources, accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

from ari_app.model import Account, Endpoint, PhoneNumber
from ari_app.platform import InboundCall, LocalPlatform, Platform, Rejected, Route, normalize
from ari_app.sids import new_sid
from ari_app.store import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACCOUNT = Account(
    sid=new_sid("AC"), auth_token="t", friendly_name="Test", date_created=NOW, date_updated=NOW
)
NUMBER = PhoneNumber(
    sid=new_sid("PN"),
    account_sid=ACCOUNT.sid,
    phone_number="+15550001",
    friendly_name="one",
    voice_url="https://a.example/voice",
    voice_method="GET",
    status_callback="https://a.example/status",
    date_created=NOW,
    date_updated=NOW,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/db")
    await opened.accounts.ensure(ACCOUNT)
    await opened.numbers.create(NUMBER)
    yield opened
    await opened.close()


def invite(to: str = "+15550001", source_ip: str = "192.0.2.7:5060") -> InboundCall:
    return InboundCall(to=to, from_="+15550002", source_ip=source_ip, sip_call_id="x@y")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+15550001", "+15550001"),
        ("15550001", "15550001"),
        ("%2B15550001", "+15550001"),
        ("sip:+15550001@host:5060;transport=udp", "+15550001"),
        ("<sips:15550001;phone-context=x@host>", "15550001"),
        ("tel:+1-555-0001", "+15550001"),
        ("tel:+1(555)00.01;ext=3", "+15550001"),
        ("100", "100"),
        ("", None),
        ("alice", None),
        ("sip:alice@host", None),
        ("+", None),
        ("++1", None),
        ("1" * 33, None),
        ("%00", None),
        ("%zz1", None),
        ("1" * 100_000, None),
        ("٣٤٥", None),
    ],
)
def test_numbers_in_all_their_forms(written: str, number: str | None) -> None:
    assert normalize(written) == number


@pytest.mark.parametrize("to", ["+15550001", "15550001", "%2B15550001", "sip:+15550001@host"])
async def test_a_call_is_routed_however_its_number_is_written(store: Store, to: str) -> None:
    platform: Platform = LocalPlatform(store)
    route = await platform.inbound(invite(to))
    assert isinstance(route, Route)
    assert (route.account, route.number) == (ACCOUNT, NUMBER)
    assert route.voice == Endpoint(url="https://a.example/voice", method="GET")
    assert route.fallback is None
    assert route.status_callback is not None
    assert route.status_callback.events == {"completed"}


@pytest.mark.parametrize("to", ["+15550009", "alice", "", "' OR 1=1 --", "\x00"])
async def test_an_unknown_number_is_404(store: Store, to: str) -> None:
    answer = await LocalPlatform(store).inbound(invite(to))
    assert isinstance(answer, Rejected)
    assert answer.status == 404


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("192.0.2.7", None),
        ("192.0.2.7:5060", None),
        ("::ffff:192.0.2.7", None),
        ("[2001:db8::1]:5060", None),
        ("2001:db8::1", None),
        ("198.51.100.1", 403),
        ("[2001:db9::1]:5060", 403),
        ("nonsense", 403),
        ("", 403),
    ],
)
async def test_a_source_not_allowed_is_403(store: Store, source: str, status: int | None) -> None:
    networks = [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]
    answer = await LocalPlatform(store, sources=networks).inbound(invite(source_ip=source))
    assert (answer.status if isinstance(answer, Rejected) else None) == status


async def test_a_list_without_networks_lets_nobody_call(store: Store) -> None:
    answer = await LocalPlatform(store, sources=[]).inbound(invite())
    assert isinstance(answer, Rejected)
    assert answer.status == 403


async def test_a_suspended_account_takes_no_calls(store: Store) -> None:
    await store.accounts.ensure(msgspec.structs.replace(ACCOUNT, status="suspended"))
    answer = await LocalPlatform(store).inbound(invite())
    assert isinstance(answer, Rejected)
    assert answer.status == 403


async def test_accounts_are_looked_up(store: Store) -> None:
    platform = LocalPlatform(store)
    assert await platform.account(ACCOUNT.sid) == ACCOUNT
    assert await platform.account(new_sid("AC")) is None
