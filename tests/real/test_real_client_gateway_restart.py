"""Accounts and registrations of the real client gateway outlive it, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ari_app.testing.client_gateway import client_gateway, needs_opensips
from ari_app.testing.client_phone import NATED, register
from ari_app.testing.servers import postgres_server
from ari_app.testing.stack import free_sip_port

pytestmark = [needs_opensips, pytest.mark.timeout(300)]


@pytest.fixture(params=["sqlite", "postgres"])
def tables(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """URL of the tables; None: SQLite in the gateway's folder."""
    if request.param == "sqlite":
        yield None
        return
    with postgres_server() as server:
        yield f"postgres://ariswitch@127.0.0.1:{server.port}/postgres"


def test_a_registration_outlives_the_gateway(tables: str | None, tmp_path: Path) -> None:
    contact, port = f"sip:dave@{NATED}:5060", free_sip_port()
    settings = {"database": tables, "sip_port": free_sip_port(), "inside_port": free_sip_port()}
    with client_gateway(tmp_path, [], ["dave"], **settings) as gateway:
        asyncio.run(register(gateway, "dave", contact=contact, port=port)).check()
        (known,) = asyncio.run(gateway.contacts("dave"))
    with client_gateway(tmp_path, [], [], **settings) as gateway:
        (found,) = asyncio.run(gateway.contacts("dave"))
        asyncio.run(register(gateway, "dave", contact=contact, port=port)).check()
    assert (found.uri, found.received) == (known.uri, known.received)
