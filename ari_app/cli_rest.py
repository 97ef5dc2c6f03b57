"""The commands that speak to a running node over REST."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ari_app.cli_support import Options, plainly
from ari_app.node import rest
from ari_app.node.errors import NodeError

numbers = typer.Typer(help="Numbers that can be called.", no_args_is_help=True)


@numbers.command("list")
@plainly
def list_numbers(context: typer.Context) -> None:
    """List all numbers and where their calls go."""
    settings = Options.of(context).node()
    for item in asyncio.run(rest.list_numbers(settings)):
        where = f"{item['voice_method']} {item['voice_url']}" if item["voice_url"] else "-"
        typer.echo(f"{item['phone_number']:<18}{item['sid']}  {where}")


@numbers.command("add")
@plainly
def add_number(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="e.g. +15550001111")],
    voice_url: Annotated[str, typer.Option(help="Where TwiML is fetched")],
    voice_method: Annotated[str, typer.Option(help="GET or POST")] = "POST",
    friendly_name: Annotated[str | None, typer.Option(help="Defaults to the number")] = None,
) -> None:
    """Make a number callable."""
    settings = Options.of(context).node()
    params = {"VoiceUrl": voice_url, "VoiceMethod": voice_method.upper()}
    if friendly_name:
        params["FriendlyName"] = friendly_name
    item = asyncio.run(rest.add_number(settings, number, **params))
    typer.echo(f"{item['phone_number']}  {item['sid']}")


@numbers.command("remove")
@plainly
def remove_number(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="The number or its SID")],
) -> None:
    """Make a number unknown."""
    settings = Options.of(context).node()
    asyncio.run(rest.remove_number(settings, number))


@plainly
def call(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="Number or sip: URI")],
    from_: Annotated[str, typer.Option("--from", help="Caller's number")],
    url: Annotated[str | None, typer.Option(help="Where TwiML is fetched")] = None,
    twiml: Annotated[str | None, typer.Option(help="TwiML itself")] = None,
) -> None:
    """Place a call."""
    if (url is None) == (twiml is None):
        raise NodeError("Give either --url or --twiml.")
    settings = Options.of(context).node()
    params = {"To": to, "From": from_}
    params.update({"Url": url} if url else {"Twiml": twiml or ""})
    item = asyncio.run(rest.request(settings, "POST", "Calls", params))
    typer.echo(f"{item['sid']}  {item['status']}")
