"""`ariswitch gateway`: running the public gateway, its carriers and nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from ari_app.cli_gateway_clients import clients
from ari_app.cli_gateway_support import Chosen, choose, with_tables
from ari_app.cli_support import plainly
from ari_app.gateway import serve as gateway
from ari_app.gateway.errors import MiError
from ari_app.gateway.mi import Mi
from ari_app.gateway.settings import GatewaySettings
from ari_app.gateway.tables import Carrier, Tables, Trunk
from ari_app.node.errors import NodeError
from ari_app.node.notify import announced

T = TypeVar("T")

app = typer.Typer(help="SIP gateways in front of the nodes (OpenSIPS).", no_args_is_help=True)
carriers = typer.Typer(help="Who may call, by address.", no_args_is_help=True)
trunks = typer.Typer(help="Where calls to numbers go.", no_args_is_help=True)
app.add_typer(carriers, name="carriers")
app.add_typer(trunks, name="trunks")
app.add_typer(clients, name="clients")

Name = Annotated[str, typer.Argument(help="Name of the carrier")]


def chosen(context: typer.Context) -> Chosen[GatewaySettings]:
    """Read the settings and make the folder; raises SettingsError."""
    return choose(context, GatewaySettings, "gateway", "gateway")


@app.command()
@plainly
def run(context: typer.Context) -> None:
    """Run the public gateway in the foreground: OpenSIPS, and upkeep of its nodes."""
    what = chosen(context)
    code = asyncio.run(
        gateway.serve(what.settings, what.folder, what.redis_url, while_running=announced)
    )
    raise typer.Exit(code)


@app.command()
@plainly
def keep(context: typer.Context) -> None:
    """Only keep the nodes of a gateway whose OpenSIPS runs elsewhere on this host."""
    what = chosen(context)
    try:
        asyncio.run(gateway.keep(what.settings, what.folder, what.redis_url))
    except KeyboardInterrupt:
        return


@app.command()
@plainly
def nodes(context: typer.Context) -> None:
    """List the nodes as the load balancer sees them."""
    what = chosen(context)

    async def look(tables: Tables) -> Table:
        rows = {row.id: row for row in await tables.nodes()}
        async with Mi.connect(what.settings.mi_url) as mi:
            found = await mi.lb_list()
        table = Table("node", "uri", "takes calls", "calls", "places", box=None, pad_edge=False)
        for one in found:
            row = rows.get(one.id)
            takes = "yes" if one.enabled else "drained" if row and row.drained else "no"
            name = row.node if row else ""
            table.add_row(name, one.uri, takes, str(one.load), str(one.max))
        return table

    Console(soft_wrap=True).print(_with_tables(what, look))


@app.command()
@plainly
def drain(
    context: typer.Context,
    node: Annotated[str, typer.Argument(help="Name of the node, or its SIP URI")],
    undo: Annotated[bool, typer.Option("--undo", help="Give it calls again")] = False,
) -> None:
    """Give a node no new calls; those it has go on."""

    async def mark(tables: Tables) -> int:
        return await tables.drain_node(node, drained=not undo)

    if not _with_tables(chosen(context), mark):
        raise NodeError(f"{node} is no node of this gateway: ariswitch gateway nodes")


@app.command()
@plainly
def status(context: typer.Context) -> None:
    """Tell whether the gateway runs; exit code 0 only when a node takes calls."""
    what = chosen(context)

    async def look() -> tuple[int, int]:
        async with Mi.connect(what.settings.mi_url) as mi:
            found = await mi.lb_list()
        return sum(one.enabled for one in found), len(found)

    try:
        taking, all_ = asyncio.run(look())
    except MiError as error:
        raise NodeError(f"The gateway does not run: {error}") from error
    typer.echo(f"running; {taking} of {all_} nodes take calls")
    raise typer.Exit(0 if taking else 1)


@carriers.command("list")
@plainly
def list_carriers(context: typer.Context) -> None:
    """List who may call."""
    table = Table("carrier", "network", "port", "group", box=None, pad_edge=False)
    for one in _with_tables(chosen(context), Tables.carriers):
        table.add_row(one.name, str(one.network), str(one.port or "any"), str(one.group))
    Console(soft_wrap=True).print(table)


@carriers.command("add")
@plainly
def add_carrier(
    context: typer.Context,
    name: Name,
    network: Annotated[str, typer.Argument(help="Address or network")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0: any")] = 0,
    group: Annotated[int, typer.Option(min=0, help="Group of nodes for its calls")] = 1,
) -> None:
    """Let a carrier call, at once."""
    try:
        one = Carrier(name, ip_network(network), port, group)
    except ValueError as error:
        raise NodeError(f"{network}: {error}") from error
    what = chosen(context)
    added = _with_tables(what, lambda tables: tables.add_carrier(one))
    _reloaded(what, "added" if added else "was there already")


@carriers.command("remove")
@plainly
def remove_carrier(context: typer.Context, name: Name) -> None:
    """Forget a carrier, its addresses and trunks; its running calls go on."""
    what = chosen(context)
    if not _with_tables(what, lambda tables: tables.remove_carrier(name)):
        raise NodeError(f"{name} is no carrier: ariswitch gateway carriers list")
    _reloaded(what, "removed")


@trunks.command("list")
@plainly
def list_trunks(context: typer.Context) -> None:
    """List where calls go, in the order in which it is tried."""
    table = Table("carrier", "uri", "order", box=None, pad_edge=False)
    for one in _with_tables(chosen(context), Tables.trunks):
        table.add_row(one.name, one.uri, str(one.order))
    Console(soft_wrap=True).print(table)


@trunks.command("add")
@plainly
def add_trunk(
    context: typer.Context,
    name: Name,
    uri: Annotated[str, typer.Argument(help="e.g. sip:sbc.carrier.example:5060")],
    order: Annotated[int, typer.Option(min=0, help="Lowest is tried first")] = 0,
) -> None:
    """Send calls to numbers to a carrier."""
    if not uri.startswith(("sip:", "sips:")):
        raise NodeError(f"{uri} is no SIP URI")
    what = chosen(context)
    added = _with_tables(what, lambda tables: tables.add_trunk(Trunk(name, uri, order)))
    _reloaded(what, "added" if added else "was there already")


def _with_tables(what: Chosen[GatewaySettings], work: Callable[[Tables], Awaitable[T]]) -> T:
    return with_tables(lambda: Tables(what.database), work)


def _reloaded(what: Chosen[GatewaySettings], done: str) -> None:
    """Have a running gateway read the carriers again, and say what was done."""

    async def reload() -> None:
        async with Mi.connect(what.settings.mi_url) as mi:
            await mi.address_reload()
            await mi.ds_reload()

    try:
        asyncio.run(reload())
    except MiError:
        done += "; the gateway does not run here and reads it at its start"
    typer.echo(done)
