"""What the commands of both gateways share: settings with their folder, and work on the tables."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import typer

from ari_app.cli_support import Options
from ari_app.gateway.common_settings import CommonSettings
from ari_app.gateway.tables import Tables
from ari_app.settings_part import load_part

S = TypeVar("S", bound=CommonSettings)
T = TypeVar("T")
TablesT = TypeVar("TablesT", bound=Tables)


@dataclass(frozen=True)
class Chosen(Generic[S]):
    """Settings of a gateway, its folder, and Redis's URL."""

    settings: S
    folder: Path
    redis_url: str | None

    @property
    def database(self) -> str:
        """OpenSIPS's URL of the tables."""
        return self.settings.database_in(self.folder)


def choose(context: typer.Context, kind: type[S], part: str, folder: str) -> Chosen[S]:
    """Read the settings of ``part`` and make the folder, by default ``folder`` in the state folder.

    Raises SettingsError.
    """
    options = Options.of(context)
    node = options.load().settings
    settings = load_part(kind, part, options.config)
    place = settings.folder or node.state_dir / folder
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = settings.redis_url or node.redis_url
    return Chosen(settings, place, secret.get_secret_value() if secret else None)


def with_tables(tables: Callable[[], TablesT], work: Callable[[TablesT], Awaitable[T]]) -> T:
    """Open the tables, make what is missing, do ``work`` and close them; raises GatewayError."""

    async def whole() -> T:
        opened = tables()
        try:
            await opened.create()
            return await work(opened)
        finally:
            await opened.close()

    return asyncio.run(whole())
