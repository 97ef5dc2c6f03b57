"""Accounts of phones: hashes alone are kept; what OpenSIPS says of registrations."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ari_app.gateway.clients import Client, ClientTables, Contact, contacts, forget
from ari_app.gateway.errors import GatewayError, MiError
from ari_app.testing.opensips_mi import opensips

PASSWORD = "open sesame"


@pytest.fixture
async def tables(tmp_path: Path) -> AsyncIterator[ClientTables]:
    found = ClientTables(f"sqlite:///{tmp_path / 'clients.db'}")
    await found.create()
    await found.create()  # at every start
    yield found
    await found.close()


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def rows(folder: Path, question: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(folder / "clients.db")) as database:
        return database.execute(question).fetchall()


def test_hashes_are_those_of_rfc_7616() -> None:
    """The example of RFC 7616 section 3.9.1."""
    client = Client.with_password("Mufasa", "http-auth@example.org", "Circle of Life")
    secret = b"Mufasa:http-auth@example.org:Circle of Life"
    assert client.ha1 == hashlib.md5(secret).hexdigest() == "3d78807defe7de2157e2b0b6573a855f"
    assert client.ha1_sha256 == hashlib.sha256(secret).hexdigest()


async def test_an_account_is_made_changed_and_removed(tables: ClientTables, tmp_path: Path) -> None:
    first = Client.with_password("alice", "here", PASSWORD)
    assert await tables.set_client(first)
    assert await tables.set_client(Client.with_password("bob", "here", PASSWORD))
    assert not await tables.set_client(Client.with_password("alice", "here", "another"))
    assert await tables.clients() == ("alice", "bob")
    assert await tables.remove_client("bob")
    assert not await tables.remove_client("bob")
    ((name, password, ha1),) = rows(tmp_path, "SELECT username, password, ha1 FROM subscriber")
    assert (name, password) == ("alice", "")
    assert ha1 != first.ha1
    assert PASSWORD.encode() not in everything(tmp_path)


async def test_opensips_finds_the_versions_of_its_tables(
    tables: ClientTables, tmp_path: Path
) -> None:
    found = rows(tmp_path, "SELECT * FROM version")
    assert {("subscriber", 8), ("location", 1013), ("load_balancer", 3)} <= set(found)


@pytest.mark.parametrize("name", ["", "a b", "a@b", "x" * 65, "sip:a", "é"])
def test_a_name_that_no_address_can_have_is_refused(name: str) -> None:
    with pytest.raises(GatewayError, match="name"):
        Client.with_password(name, "here", PASSWORD)


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(GatewayError, match="password"):
        Client.with_password("alice", "here", "")


SHOWN = {
    "AOR": "alice",
    "Contacts": [
        {
            "Contact": "sip:alice@phone.invalid;transport=ws",
            "Expires": 522,
            "User-agent": "n/a",
            "Received": "sip:192.0.2.7:40000;transport=ws",
        },
        {"Contact": "sip:alice@192.0.2.8", "Expires": "expired", "User-agent": "Desk/1"},
    ],
}


async def test_registrations_are_typed() -> None:
    async with opensips({"jsonrpc": "2.0", "result": SHOWN, "id": 1}) as (mi, asked):
        found = await contacts(mi, "alice")
        await forget(mi, "alice")
    assert found == (
        Contact(
            "sip:alice@phone.invalid;transport=ws", "sip:192.0.2.7:40000;transport=ws", 522, ""
        ),
        Contact("sip:alice@192.0.2.8", "", 0, "Desk/1"),
    )
    assert [one["method"] for one in asked] == ["ul_show_contact", "ul_rm"]
    assert asked[0]["params"] == {"table_name": "location", "aor": "alice"}


async def test_nobody_registered_is_no_error_and_others_are() -> None:
    error = {"code": 404, "message": "AOR not found"}
    async with opensips({"jsonrpc": "2.0", "error": error, "id": 1}) as (mi, _):
        assert await contacts(mi, "alice") == ()
    other = {"code": 500, "message": "Internal"}
    async with opensips({"jsonrpc": "2.0", "error": other, "id": 1}) as (mi, _):
        with pytest.raises(MiError, match="Internal"):
            await contacts(mi, "alice")
