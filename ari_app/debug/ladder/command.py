"""`ari-debug ladder`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ari_app.debug.capture import CaptureError, join, read
from ari_app.debug.ladder.build import tell
from ari_app.debug.ladder.html import page
from ari_app.debug.ladder.pick import NoCallError, pick
from ari_app.debug.ladder.source import SourceError, held, recorded
from ari_app.debug.ladder.text import Ladder
from ari_app.settings_load import load

#: As wide as a ladder needs to be in a pipe or a file.
_WIDE = 160


def tap_socket() -> Path:
    """The tap of the node that the environment or the working directory is about."""
    return load().settings.tap_socket


def ladder(
    call: Annotated[
        str | None,
        typer.Argument(help="CallSid, channel id or name, SIP Call-ID, stream SID or number"),
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The last call that began")] = False,
    source: Annotated[
        Path | None, typer.Option("--from", "-f", help="A recording, instead of the tap")
    ] = None,
    tap: Annotated[
        Path | None, typer.Option(help="The tap's socket; else that of the state folder")
    ] = None,
    pcap: Annotated[
        Path | None, typer.Option(help="A capture whose SIP and RTP gaps are put in")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write one self-contained HTML file instead")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Show what says little, too; fold nothing")
    ] = False,
    gap: Annotated[float, typer.Option(help="Pauses from here on are marked, seconds")] = 1.0,
    width: Annotated[int | None, typer.Option(help="Columns; else those of the terminal")] = None,
) -> None:
    """Show the whole story of one call as a ladder over time.

    Exit code 1: there is no such call. 2: there is nothing to read it from.
    """
    if (call is None) is not last:
        raise typer.BadParameter("name a call, or say --last")
    try:
        items = recorded(source) if source else held(tap or tap_socket())
        mine = pick(items, call)
        if pcap is not None:
            mine = join(mine, read(pcap))
    except NoCallError as error:
        sys.stderr.write(f"ari-debug: {error}\n")
        raise typer.Exit(1) from None
    except (SourceError, CaptureError) as error:
        sys.stderr.write(f"ari-debug: {error}\n")
        raise typer.Exit(2) from None
    story = tell(mine, everything=everything, gap=gap)
    if html is not None:
        html.write_text(page(story), encoding="utf-8")
        sys.stderr.write(f"{len(story.rows)} rows written to {html}\n")
        return
    console = Console(highlight=False, emoji=False, markup=False)
    if width or not console.is_terminal:
        console.width = width or _WIDE
    console.print(Ladder(story))
