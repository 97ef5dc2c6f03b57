"""Commands whose modules are imported when one of them is used, not when another or help is.

Reading a command's options takes its module, and some modules take half a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


class Later(NamedTuple):
    """A command, or a group of them, and where it is: `module:function`, `module:typer_app`.

    `summary` is what the list of commands says: the first sentence of its help.
    """

    name: str
    where: str
    summary: str


class _Entry(TyperCommand):
    """Stands for a command until it is used."""

    later: Later


class LaterGroup(TyperGroup):
    """Lists and completes names without what they stand for; imports the one that is used."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the arguments name, the real one (Typer's own hook)."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, _Entry):
            command = loaded(command.later, command.epilog)
        return name, command, rest


def register(app: typer.Typer, commands: Iterable[Later], *, epilog: str | None = None) -> None:
    """Give `app`, whose class is `LaterGroup`, these commands."""
    for later in commands:
        entry: type[_Entry] = type("Entry", (_Entry,), {"later": later})
        app.command(
            later.name, cls=entry, help=later.summary, epilog=epilog, add_help_option=False
        )(_nothing)


def loaded(later: Later, epilog: str | None = None) -> Any:
    """Import a command and make it; what it raises is a mistake of the table."""
    module, _, attribute = later.where.partition(":")
    found = getattr(import_module(module), attribute)
    holder = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=later.name)
    else:
        holder.command(later.name, epilog=epilog)(found)
    return get_group(holder).commands[later.name]


def _nothing() -> None:
    """Never run: the real command takes its place."""
