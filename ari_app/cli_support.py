"""What the commands share: reading settings, and errors as one plain sentence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:  # `--help` needs none of it
    from ari_app.node.stack import Stack
    from ari_app.settings import Settings
    from ari_app.settings_load import Loaded

P = ParamSpec("P")
R = TypeVar("R")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings (ARISWITCH_CONFIG)")
]


@dataclass(frozen=True)
class Options:
    """Options of all commands."""

    config: Path | None

    @classmethod
    def of(cls, context: typer.Context) -> Options:
        """Return what the command line was given before the command's name."""
        options = context.find_object(cls)
        return options or cls(None)

    def load(self) -> Loaded:
        """Read the settings; raises SettingsError."""
        from ari_app.settings_load import load  # noqa: PLC0415

        return load(self.config)

    def running(self) -> Stack:
        """Return the running node; raises NodeError when none runs."""
        from ari_app.node import stack  # noqa: PLC0415
        from ari_app.node.errors import NodeError  # noqa: PLC0415

        found = stack.current(self.load())
        if found is None:
            raise NodeError("Nothing is running. Start it: make up")
        return found

    def node(self) -> Settings:
        """Return the settings of the running node, whoever started it; raises NodeError."""
        from ari_app.node import stack, state  # noqa: PLC0415

        loaded = self.load()
        # Under systemd there is no supervisor of ours, only the app.
        if stack.current(loaded) is None and state.runs(loaded.settings):
            return state.prepare(loaded.settings)
        return self.running().settings


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn our own errors into their message on stderr and exit code 1 (2 for settings)."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        from ari_app.gateway.errors import GatewayError  # noqa: PLC0415
        from ari_app.node.errors import NodeError  # noqa: PLC0415
        from ari_app.settings_load import SettingsError  # noqa: PLC0415

        try:
            return command(*args, **kwargs)
        except SettingsError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        except (NodeError, GatewayError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error

    return wrapper
