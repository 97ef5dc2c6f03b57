"""Carriers and nodes in the gateway's tables, SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from sqlalchemy import Connection, delete, event, insert, select, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from ari_app.gateway import schema
from ari_app.gateway.errors import GatewayError

#: Name of the only resource of a node: a place for a call.
RESOURCE = "calls"
#: Set of the carriers that are called while they answer OPTIONS, and the same ones once more for
#: when none of them does: some answer calls alone.
CARRIERS, CARRIERS_ANYWAY = 1, 2
#: OpenSIPS sends OPTIONS to it always: a node (load_balancer), a carrier (dispatcher).
PROBE_NODE, PROBE_CARRIER, PROBE_NOT = 2, 1, 0
_DRAIN = "drain"


@dataclass(frozen=True, slots=True)
class Carrier:
    """Somebody whose calls are taken: by network (``port`` 0: any), for a group of nodes."""

    name: str
    network: IPv4Network | IPv6Network
    port: int = 0
    group: int = 1


@dataclass(frozen=True, slots=True)
class Trunk:
    """Where calls to numbers go; the lowest ``order`` is tried first."""

    name: str
    uri: str
    order: int = 0


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node's row: ``id`` 0 when it is yet to be made."""

    id: int
    uri: str
    places: int
    node: str = ""
    group: int = 1
    drained: bool = False


def sqlalchemy_url(database: str) -> str:
    """Return SQLAlchemy's URL of what OpenSIPS calls ``database``."""
    scheme, _, rest = database.partition("://")
    if scheme == "sqlite":
        return f"sqlite+aiosqlite:///{rest}"
    return f"postgresql+asyncpg://{rest}"


class Tables:
    """The tables of one or several gateways. Each method is one transaction; GatewayError."""

    def __init__(self, database: str) -> None:
        self._file = sqlite_path(database)
        self._name = re.sub(r"(//[^:/@]*):[^/]*@", r"\1:***@", database)
        try:
            self._engine: AsyncEngine = create_async_engine(sqlalchemy_url(database))
        except (SQLAlchemyError, ValueError) as error:
            raise self._useless(error) from error
        if database.startswith("sqlite"):
            event.listen(self._engine.sync_engine, "connect", _share)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def create(self) -> None:
        """Make what is missing; may be called at every start, by several at a time."""
        if self._file is not None:
            try:
                await asyncio.to_thread(_readable, self._file)
            except sqlite3.Error as error:
                raise self._useless(error) from error
        async with self._begin() as connection:
            await connection.run_sync(_create)

    async def carriers(self) -> tuple[Carrier, ...]:
        """List who may call."""
        table = schema.address
        async with self._begin() as connection:
            rows = (await connection.execute(select(table).order_by(table.c.id))).mappings()
            return tuple(
                Carrier(
                    row["context_info"] or "",
                    ip_network(f"{row['ip']}/{row['mask']}", strict=False),
                    row["port"],
                    row["grp"],
                )
                for row in rows
            )

    async def add_carrier(self, carrier: Carrier) -> bool:
        """Let a carrier call; False when it may already."""
        if carrier in await self.carriers():
            return False
        values = {
            "grp": carrier.group,
            "ip": str(carrier.network.network_address),
            "mask": carrier.network.prefixlen,
            "port": carrier.port,
            "context_info": carrier.name,
        }
        async with self._begin() as connection:
            await connection.execute(insert(schema.address).values(values))
        return True

    async def trunks(self) -> tuple[Trunk, ...]:
        """List who is called, in the order in which they are tried."""
        table = schema.dispatcher
        asked = select(table).where(table.c.setid == CARRIERS).order_by(table.c.priority.desc())
        async with self._begin() as connection:
            rows = (await connection.execute(asked)).mappings()
            return tuple(
                Trunk(row["description"] or "", row["destination"], -row["priority"])
                for row in rows
            )

    async def add_trunk(self, trunk: Trunk) -> bool:
        """Call a carrier; False when it is called already."""
        if trunk.uri in {one.uri for one in await self.trunks()}:
            return False
        values = {
            "destination": trunk.uri,
            "priority": -trunk.order,
            "description": trunk.name,
        }
        rows = [
            {**values, "setid": CARRIERS, "probe_mode": PROBE_CARRIER},
            {**values, "setid": CARRIERS_ANYWAY, "probe_mode": PROBE_NOT},
        ]
        async with self._begin() as connection:
            await connection.execute(insert(schema.dispatcher), rows)
        return True

    async def remove_carrier(self, name: str) -> int:
        """Forget a carrier's networks and addresses; returns how many rows went."""
        async with self._begin() as connection:
            gone = [
                await connection.execute(delete(table).where(column == name))
                for table, column in (
                    (schema.address, schema.address.c.context_info),
                    (schema.dispatcher, schema.dispatcher.c.description),
                )
            ]
        return sum(result.rowcount for result in gone)

    async def nodes(self) -> tuple[NodeRow, ...]:
        """List the nodes' rows in the order in which they were made."""
        table = schema.load_balancer
        async with self._begin() as connection:
            rows = (await connection.execute(select(table).order_by(table.c.id))).mappings()
            return tuple(
                NodeRow(
                    row["id"],
                    row["dst_uri"],
                    _places(row["resources"]),
                    row["description"] or "",
                    row["group_id"],
                    row["attrs"] == _DRAIN,
                )
                for row in rows
            )

    async def add_node(self, row: NodeRow) -> None:
        """Make a node's row, with an id of its own."""
        values = {
            "group_id": row.group,
            "dst_uri": row.uri,
            "resources": f"{RESOURCE}={row.places}",
            "probe_mode": PROBE_NODE,
            "attrs": _DRAIN if row.drained else None,
            "description": row.node,
        }
        async with self._begin() as connection:
            await connection.execute(insert(schema.load_balancer).values(values))

    async def remove_node(self, id_: int) -> None:
        """Remove a row."""
        table = schema.load_balancer
        async with self._begin() as connection:
            await connection.execute(delete(table).where(table.c.id == id_))

    async def drain_node(self, name: str, *, drained: bool) -> int:
        """Mark a node, by name or URI, as drained or not; returns how many rows it has."""
        table = schema.load_balancer
        mark = (
            update(table)
            .where((table.c.description == name) | (table.c.dst_uri == name))
            .values(attrs=_DRAIN if drained else None)
        )
        async with self._begin() as connection:
            return (await connection.execute(mark)).rowcount

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            raise self._useless(error) from error

    def _useless(self, error: Exception) -> GatewayError:
        """Return what an operator is told: one line, without the password."""
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        why = str(cause).partition("\n")[0] or type(cause).__name__
        return GatewayError(f"The gateway's tables cannot be used: {self._name}: {why}")


def sqlite_path(database: str) -> Path | None:
    """Return the file of an SQLite database, None for another."""
    scheme, _, path = database.partition("://")
    return Path(path) if scheme == "sqlite" else None


def _readable(file: Path) -> None:
    """Raise sqlite3.Error when it is no database; make an empty one when there is none.

    aiosqlite fails too, but its thread goes on when the event loop has ended, with a traceback.
    """
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA schema_version")


def _share(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """OpenSIPS's processes read and write the same file."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()


def _create(connection: Connection) -> None:
    schema.metadata.create_all(connection)
    known = set(connection.execute(select(schema.version.c.table_name)).scalars())
    missing = {name: number for name, number in schema.VERSIONS.items() if name not in known}
    for name, number in missing.items():
        connection.execute(insert(schema.version).values(table_name=name, table_version=number))


def _places(resources: str) -> int:
    name, _, places = resources.partition("=")
    return int(places) if name == RESOURCE and places.isdigit() else 0
