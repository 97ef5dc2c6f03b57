"""`ariswitch gateway clients`: running the client gateway, and the accounts of its phones."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from ari_app.cli_gateway_support import Chosen, choose, with_tables
from ari_app.cli_support import plainly
from ari_app.gateway import serve as gateway
from ari_app.gateway.client_settings import ClientGatewaySettings
from ari_app.gateway.clients import Client, ClientTables, Contact, contacts, forget
from ari_app.gateway.errors import MiError
from ari_app.gateway.mi import Mi
from ari_app.node.errors import NodeError
from ari_app.node.notify import announced

T = TypeVar("T")

clients = typer.Typer(help="Phones that register: their gateway.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the account, as in <Client>name</Client>")]


def chosen(context: typer.Context) -> Chosen[ClientGatewaySettings]:
    """Read the settings and make the folder; raises SettingsError."""
    return choose(context, ClientGatewaySettings, "gateway_client", "client-gateway")


@clients.command()
@plainly
def run(context: typer.Context) -> None:
    """Run the client gateway in the foreground: OpenSIPS, and upkeep of its nodes."""
    what = chosen(context)
    code = asyncio.run(
        gateway.serve_clients(what.settings, what.folder, what.redis_url, while_running=announced)
    )
    raise typer.Exit(code)


@clients.command("add")
@plainly
def add_client(context: typer.Context, name: Name) -> None:
    """Make an account, or give it another password, at once.

    The password is asked for, or read from standard input when that is no terminal. Only hashes
    of it are kept, and those are good for the present realm alone.
    """
    what = chosen(context)
    client = Client.with_password(name, what.settings.realm, _password())
    new = _with_tables(what, lambda tables: tables.set_client(client))
    typer.echo(f"{name}@{what.settings.realm} {'added' if new else 'has another password'}")


@clients.command("list")
@plainly
def list_clients(context: typer.Context) -> None:
    """List the accounts and where each is registered."""
    what = chosen(context)
    names = _with_tables(what, ClientTables.clients)
    try:
        registered = asyncio.run(_registered(what, names))
    except MiError:
        registered = None
    table = Table("account", "phone", "seconds left", "program", box=None, pad_edge=False)
    for name in names:
        found = registered[name] if registered else ()
        for one in found:
            table.add_row(name, one.received or one.uri, str(one.expires), one.agent)
        if not found:
            table.add_row(name, "-" if registered is not None else "?", "", "")
    Console(soft_wrap=True).print(table)
    if registered is None:
        typer.echo("The gateway does not run here, so nobody knows who is registered.")


@clients.command("remove")
@plainly
def remove_client(context: typer.Context, name: Name) -> None:
    """Remove an account and its registrations; its running calls go on."""
    what = chosen(context)
    if not _with_tables(what, lambda tables: tables.remove_client(name)):
        raise NodeError(f"{name} is no account: ariswitch gateway clients list")

    async def drop() -> None:
        async with Mi.connect(what.settings.mi_url) as mi:
            await forget(mi, name)

    try:
        asyncio.run(drop())
    except MiError:
        typer.echo("removed; the gateway does not run here, registrations last until they expire")
    else:
        typer.echo("removed")


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


async def _registered(
    what: Chosen[ClientGatewaySettings], names: tuple[str, ...]
) -> dict[str, tuple[Contact, ...]]:
    async with Mi.connect(what.settings.mi_url) as mi:
        return {name: await contacts(mi, name) for name in names}


def _with_tables(
    what: Chosen[ClientGatewaySettings], work: Callable[[ClientTables], Awaitable[T]]
) -> T:
    return with_tables(lambda: ClientTables(what.database), work)
