"""Where items come from, as the commands' shared options say it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Annotated

import typer

from ari_app.debug.record import Item, RecordError, read_header, read_item

TAP_NAME = Path("run") / "tap.sock"
_PLACE = "Where to look"

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        "-u",
        envvar=["ARI_URL", "ARISWITCH_ARI_URL"],
        rich_help_panel=_PLACE,
        help="Attach to this Asterisk, e.g. http://127.0.0.1:8088",
    ),
]
User = Annotated[
    str,
    typer.Option(
        envvar=["ARI_USERNAME", "ARISWITCH_ARI_USERNAME"],
        rich_help_panel=_PLACE,
        help="ARI user (ari.conf)",
    ),
]
Password = Annotated[
    str,
    typer.Option(
        envvar=["ARI_PASSWORD", "ARISWITCH_ARI_PASSWORD"],
        rich_help_panel=_PLACE,
        help="Better in the environment than on the command line",
        show_default=False,
    ),
]
TapPath = Annotated[
    Path | None,
    typer.Option(
        "--tap",
        envvar="ARI_DEBUG_TAP",
        rich_help_panel=_PLACE,
        help="Unix socket of a running ariswitch",
    ),
]
Redis = Annotated[
    str | None,
    typer.Option(
        "--redis",
        envvar="ARI_DEBUG_REDIS",
        rich_help_panel=_PLACE,
        help="The taps of all nodes that share this Redis, e.g. redis://HOST:6379/0",
    ),
]
From = Annotated[
    Path | None,
    typer.Option("--from", rich_help_panel=_PLACE, help="A recording; - for standard input"),
]


@dataclass(frozen=True)
class Place:
    """One source: a recording, a tap, those of all nodes, or an Asterisk to attach to."""

    url: str | None = None
    user: str = "ariswitch"
    password: str = ""
    tap: Path | None = None
    file: Path | None = None
    redis: str | None = None

    def settled(self) -> Place:
        """With the tap of this machine's ariswitch where nothing is said; raises LookupError."""
        if self.file or self.redis or self.tap or self.url:
            return self
        state = os.environ.get("ARISWITCH_STATE_DIR", ".ariswitch")
        socket = Path(state) / TAP_NAME
        if socket.exists():
            return Place(tap=socket)
        raise LookupError(
            "Nowhere to look: no ariswitch runs here.\n"
            "Say --url http://HOST:8088 --user USER (password in ARI_PASSWORD) to attach to an\n"
            "Asterisk, --tap SOCKET for an ariswitch elsewhere, --redis URL for all nodes, or\n"
            "--from FILE for a recording."
        )


class SourceError(Exception):
    """There is nothing to read from; says what to do."""


def recorded(path: Path) -> list[Item]:
    """All items of a recording, or of lines kept from a tap. Raises SourceError."""
    try:
        with opened(path) as file:
            first = file.readline()
            if b'"ari-debug"' in first:
                read_header(first)
                first = b""
            lines = chain([first], file)
            return [read_item(text, number) for number, text in enumerate(lines, 1) if text.strip()]
    except (OSError, RecordError) as error:
        raise SourceError(f"{path}: {error}") from error


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """Open a recording, `-` is standard input; raises OSError."""
    if str(file) == "-":
        with os.fdopen(os.dup(0), "rb") as stream:
            yield stream
    else:
        with file.open("rb") as stream:
            yield stream
