"""A real public gateway for tests: OpenSIPS on free ports, its tables, its log."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import aiohttp

from ari_app.gateway import public
from ari_app.gateway.mi import Mi
from ari_app.gateway.process import find_modules, find_program, running
from ari_app.gateway.render import render
from ari_app.gateway.settings import GatewaySettings
from ari_app.gateway.tables import Carrier, NodeRow, Tables, Trunk
from ari_app.node import ports
from ari_app.settings import PREFIX
from ari_app.settings_part import load_part
from ari_app.testing.stack import free_sip_port
from ari_app.testing.watched import watched

#: Why a test of the gateway is skipped; empty where it can run.
MISSING = "" if shutil.which("opensips") else "opensips is not on PATH (OpenSIPS 3.6)"


@dataclass(frozen=True)
class RealGateway:
    """A running gateway and everything a test needs to reach it."""

    settings: GatewaySettings
    database: str
    tables: Tables
    mi: Mi
    pid: int
    log_file: Path

    @property
    def outside(self) -> tuple[str, int]:
        """Where carriers call."""
        return str(self.settings.bind), self.settings.sip_port

    @property
    def inside(self) -> tuple[str, int]:
        """Where nodes call."""
        return str(self.settings.inside_bind or self.settings.bind), self.settings.inside_port

    @property
    def log(self) -> str:
        """Everything that OpenSIPS has logged."""
        return self.log_file.read_text(errors="replace")

    async def carrier(self, network: str = "127.0.0.1/32", name: str = "test") -> None:
        """Let a network call."""
        await self.tables.add_carrier(Carrier(name, ip_network(network)))
        await self.mi.address_reload()

    async def trunks(self, *uris: str) -> None:
        """Send calls to numbers there and nowhere else; the first is tried first."""
        for known in await self.tables.trunks():
            await self.tables.remove_carrier(known.name)
        for order, uri in enumerate(uris):
            await self.tables.add_trunk(Trunk(f"trunk{order}", uri, order))
        await self.mi.ds_reload()

    async def nodes(self, *ports_: int, places: int = 10, host: str = "127.0.0.1") -> None:
        """Have these nodes of a host, and no others; the first is tried first."""
        for row in await self.tables.nodes():
            await self.tables.remove_node(row.id)
        for order, port in enumerate(ports_):
            uri = f"sip:{host}:{port}"
            await self.tables.add_node(NodeRow(0, uri, places - order, f"node{order + 1}"))
        await self.mi.lb_reload()

    async def metric(self, name: str) -> float:
        """Return a statistic as Prometheus reads it."""
        return await statistic(self.settings.http_port, name)


async def statistic(http_port: int, name: str) -> float:
    """Return one of OpenSIPS's statistics as Prometheus reads it; 0 when it has none so called."""
    url = f"http://127.0.0.1:{http_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        lines = (await response.text()).splitlines()
    found = [line for line in lines if line.startswith((f"{name}{{", f"{name} "))]
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


@asynccontextmanager
async def real_gateway(folder: Path, **settings: object) -> AsyncIterator[RealGateway]:
    """Run a public gateway; ``settings`` are names of its settings.

    Unless set, it probes no node and pings no call: SIPp knows neither.
    """
    chosen = {
        "folder": folder,
        "sip_port": free_sip_port(),
        "inside_port": free_sip_port(),
        "http_port": ports.free_port("127.0.0.1"),
        "probe_interval": 3600,
        "ping_interval": 3600,
        "workers": 2,
        "shared_memory": 64,
        **settings,
    }
    environ = {f"{PREFIX}GATEWAY_{name.upper()}": str(value) for name, value in chosen.items()}
    found = load_part(GatewaySettings, "gateway", environ=environ)
    database = found.database_in(folder)
    tables = Tables(database)
    log_file = folder / "opensips.log"
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        await tables.create()
        program = find_program(found.program)
        modules = find_modules(program, found.modules)
        values = public.values(found, database=database, modules=modules)
        config = render("public", folder / "etc", values)
        async with (
            running(program, config, found.mi_url, memory=found.shared_memory, log=log) as process,
            Mi.connect(found.mi_url, within=60) as mi,
        ):
            with watched("OpenSIPS, the public gateway", process.pid, log_file):
                yield RealGateway(found, database, tables, mi, process.pid, log_file)
    finally:
        os.close(log)
        await tables.close()
