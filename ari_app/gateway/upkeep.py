"""Keeps a gateway's nodes true for as long as it runs: reads, has the keeper decide, does it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from ari_app.gateway.errors import GatewayError
from ari_app.gateway.keeper import (
    AddRow,
    Announced,
    Command,
    Keeper,
    Reload,
    RemoveRow,
    Resize,
    Switch,
)
from ari_app.gateway.mi import Mi
from ari_app.gateway.tables import RESOURCE, Tables

log = structlog.get_logger(__name__)

#: Seconds between two looks when nothing is announced.
INTERVAL = 1.0
#: Reloads that one look may need: rows made, and what follows from their ids.
ROUNDS = 3


class Source(Protocol):
    """Where living nodes are known from."""

    async def read(self) -> Sequence[Announced]:
        """Return the living nodes; raises OSError when that cannot be known now."""
        ...

    async def news(self, at_most: float) -> None:
        """Wait for a change, ``at_most`` seconds."""
        ...


class Fixed:
    """Nodes that the settings name: always there, telling nothing."""

    def __init__(self, nodes: Sequence[Announced]) -> None:
        self._nodes = nodes

    async def read(self) -> Sequence[Announced]:
        """Return them."""
        return self._nodes

    async def news(self, at_most: float) -> None:
        """Wait; nothing ever changes."""
        await asyncio.sleep(at_most)


class Upkeep:
    """The keeper's hands. ``more`` are nodes beside those of ``source``."""

    def __init__(
        self, keeper: Keeper, source: Source, tables: Tables, mi: Mi, more: Sequence[Announced] = ()
    ) -> None:
        self._keeper = keeper
        self._source = source
        self._tables = tables
        self._mi = mi
        self._more = tuple(more)
        self._blind = False
        self._trouble = ""
        self._drift: dict[str, int] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled. Trouble is logged once and tried again."""
        while True:
            try:
                await self.look()
                self._tell_trouble("")
            except GatewayError as error:
                self._tell_trouble(str(error))
            except Exception as error:  # whatever it is, the next look may do
                trouble = repr(error)
                if trouble != self._trouble:
                    log.exception("gateway.upkeep_broken")
                self._trouble = trouble
            await self._source.news(INTERVAL)

    async def look(self) -> None:
        """Bring table and OpenSIPS in line with the nodes, once. Raises GatewayError."""
        announced = await self._announced()
        for _ in range(ROUNDS):
            rows, listed = await self._tables.nodes(), await self._mi.lb_list()
            commands = self._keeper.decide(time.monotonic(), announced, rows, listed)
            for command in commands:
                await self._do(command)
            if Reload() not in commands:
                break
        if self._keeper.drift != self._drift:
            self._drift = self._keeper.drift
            ghosts = {uri: -by for uri, by in self._drift.items() if by < 0}
            if ghosts:
                log.warning("gateway.counter_drift", calls_too_many=ghosts)

    async def _announced(self) -> tuple[Announced, ...] | None:
        try:
            found = await self._source.read()
        except OSError as error:
            if not self._blind:
                log.error("gateway.nodes_unknown", error=str(error))
            self._blind = True
            return None
        if self._blind:
            log.info("gateway.nodes_known_again", nodes=len(found))
        self._blind = False
        return (*self._more, *found)

    async def _do(self, command: Command) -> None:
        match command:
            case AddRow(row):
                log.info("gateway.node_added", node=row.node, uri=row.uri, places=row.places)
                await self._tables.add_node(row)
            case RemoveRow(row, why):
                log.warning("gateway.node_removed", node=row.node, uri=row.uri, reason=why)
                await self._tables.remove_node(row.id)
            case Reload():
                await self._mi.lb_reload()
            case Resize(id_, node, places):
                log.debug("gateway.node_resized", node=node, places=places)
                await self._mi.lb_resize(id_, RESOURCE, places)
            case Switch(id_, node, enabled, why):
                log.info("gateway.node_switched", node=node, enabled=enabled, reason=why)
                await self._mi.lb_status(id_, enabled=enabled)

    def _tell_trouble(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.error("gateway.upkeep_failed", error=trouble)
        elif self._trouble and not trouble:
            log.info("gateway.upkeep_again")
        self._trouble = trouble
