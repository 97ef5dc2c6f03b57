"""A client gateway for tests: the real OpenSIPS and rtpengine, on loopback and free ports."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ari_app.gateway import client_config, process
from ari_app.gateway.client_settings import ClientGatewaySettings
from ari_app.gateway.clients import Client, ClientTables, Contact, contacts
from ari_app.gateway.errors import MiError
from ari_app.gateway.mi import Mi
from ari_app.gateway.render import render
from ari_app.gateway.tables import NodeRow
from ari_app.node import ports
from ari_app.testing.gateway import statistic
from ari_app.testing.rtpengine import rtpengine, stop
from ari_app.testing.stack import free_sip_port
from ari_app.testing.watched import watched

#: For tests that cannot do without it; Debian has no package of it.
needs_opensips = pytest.mark.skipif(
    shutil.which("opensips") is None, reason="OpenSIPS 3.6 is not on PATH"
)
REALM = "phones.example"
#: Seconds that a start may take.
START = 60.0
PASSWORD = "correct-horse"  # noqa: S105 - of an account that only tests have


@dataclass(frozen=True)
class ClientGateway:
    """A running client gateway and what a test needs to reach it."""

    settings: ClientGatewaySettings
    folder: Path

    @property
    def sip(self) -> tuple[str, int]:
        """Where phones send."""
        return str(self.settings.bind), self.settings.sip_port

    @property
    def inside(self) -> tuple[str, int]:
        """Where nodes send."""
        return str(self.settings.bind), self.settings.inside_port

    @property
    def log(self) -> str:
        """Everything that OpenSIPS has logged."""
        return (self.folder / "opensips.log").read_text(errors="replace")

    @property
    def media_log(self) -> str:
        """Everything that rtpengine has logged."""
        return (self.folder / "rtpengine.log").read_text(errors="replace")

    async def contacts(self, name: str) -> tuple[Contact, ...]:
        """Where an account is registered now."""
        async with Mi.connect(self.settings.mi_url, within=60) as mi:
            return await contacts(mi, name)

    async def unregistered(self, name: str) -> None:
        """Wait until none of an account's registrations is valid."""
        async with asyncio.timeout(40):
            while True:
                if not any(found.expires for found in await self.contacts(name)):
                    return
                await asyncio.sleep(0.1)

    async def mi(self, method: str, **params: str | int) -> Any:
        """Run a command of the management interface."""
        async with Mi.connect(self.settings.mi_url, within=60) as mi:
            return await mi.call(method, **params)

    async def metric(self, name: str) -> float:
        """Return a statistic as Prometheus reads it."""
        return await statistic(self.settings.http_port, name)

    async def set_client(self, name: str, password: str = PASSWORD) -> None:
        """Make an account."""
        tables = ClientTables(self.settings.database_in(self.folder))
        await tables.set_client(Client.with_password(name, self.settings.realm, password))
        await tables.close()


@contextmanager
def client_gateway(
    folder: Path, nodes: Sequence[int], accounts: Sequence[str], **settings: Any
) -> Iterator[ClientGateway]:
    """Run a gateway for nodes at loopback ports, and accounts with the usual password.

    ``settings`` are names of settings. Raises GatewayError when there is no OpenSIPS.
    """
    program = process.find_program("opensips")
    with rtpengine(folder) as control:
        chosen = _settings(control, settings)
        asyncio.run(_fill(chosen.database_in(folder), nodes, accounts))
        etc = folder / "etc"
        config = render(
            "client", etc, client_config.values(chosen, folder, process.find_modules(program))
        )
        with (folder / "opensips.log").open("w") as out:
            running = subprocess.Popen(  # noqa: S603
                [str(program), "-F", "-f", str(config), "-m", "64", "-M", "8"],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )
        gateway = ClientGateway(chosen, folder)
        try:
            _wait(gateway, running)
            with watched("OpenSIPS, the client gateway", running.pid, folder / "opensips.log"):
                yield gateway
        finally:
            stop(running)


def _settings(control: str, settings: Mapping[str, Any]) -> ClientGatewaySettings:
    usual = {
        "realm": REALM,
        "sip_port": free_sip_port(),
        "ws_port": ports.free_port("127.0.0.1"),
        "inside_port": free_sip_port(),
        "http_port": ports.free_port("127.0.0.1"),
        "rtpengine": (control,),
        "workers": 2,
        # All tests come from one address.
        "flood_limit": 1000,
    }
    return ClientGatewaySettings(**{**usual, **settings})


async def _fill(database: str, nodes: Sequence[int], accounts: Sequence[str]) -> None:
    tables = ClientTables(database)
    await tables.create()
    for port in nodes:
        await tables.add_node(NodeRow(0, f"sip:127.0.0.1:{port}", 100))
    for name in accounts:
        await tables.set_client(Client.with_password(name, REALM, PASSWORD))
    await tables.close()


def _wait(gateway: ClientGateway, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and running.poll() is None:
        try:
            asyncio.run(gateway.mi("uptime"))
            # Connections are taken by another process than that which has just answered.
            socket.create_connection((gateway.sip[0], gateway.settings.ws_port or 0)).close()
            return
        except (MiError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"OpenSIPS did not start:\n{gateway.log}")
