"""`ari-debug ladder`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ari_app.debug.cli_support import plainly
from ari_app.debug.exits import UNREACHABLE, USAGE, QuitError
from ari_app.debug.ladder.build import tell
from ari_app.debug.ladder.html import page
from ari_app.debug.ladder.story import Story
from ari_app.debug.ladder.text import Ladder
from ari_app.debug.remembered import call_of, exported, remembered
from ari_app.debug.sources import From, Place, Redis, TapPath

#: As wide as a ladder needs to be in a pipe or a file.
_WIDE = 160


@plainly
def ladder(
    call: Annotated[
        str | None,
        typer.Argument(
            help="CallSid, channel id or name, SIP Call-ID, stream SID, number, RTP port"
        ),
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The last call that began")] = False,
    from_: From = None,
    tap: TapPath = None,
    redis: Redis = None,
    pcap: Annotated[
        Path | None, typer.Option(help="A capture whose SIP and RTP gaps are put in")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", "-O", help="Write the call's packets of --pcap into this pcap"),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write one self-contained HTML file instead")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Show what says little, too; fold nothing")
    ] = False,
    gap: Annotated[
        float, typer.Option(min=0.01, help="Pauses from here on are marked, seconds")
    ] = 1.0,
    width: Annotated[
        int | None, typer.Option(min=60, help="Columns; else those of the terminal")
    ] = None,
) -> None:
    """Show the whole story of one call as a ladder over time.

    From the tap of a running ariswitch, which holds what was before, or from a recording.

    \b
    Examples:
      ari-debug ladder --last
      ari-debug ladder +15550100 --html ticket.html
      ari-debug ladder CA12… --from call.jsonl --pcap call.pcap
      ari-debug ladder +15550100 --pcap all.pcap
      ari-debug ladder 20010 --pcap all.pcap -O call.pcap
    """
    if (call is None) is not last:
        raise QuitError(USAGE, "name a call, or say --last")
    if export is not None and pcap is None:
        raise QuitError(USAGE, "-O writes packets of a capture: say which with --pcap")
    mine = call_of(remembered(Place(tap=tap, file=from_, redis=redis), pcap), call, pcap)
    if export is not None and pcap is not None:
        count = exported(mine, pcap, export)
        typer.echo(f"{count} packets in {export}", err=True)
        if html is None:
            return
    story = tell(mine, everything=everything, gap=gap)
    if html is not None:
        _write(story, html)
    else:
        _draw(story, width)


def _write(story: Story, html: Path) -> None:
    try:
        html.write_text(page(story), encoding="utf-8")
    except OSError as error:
        raise QuitError(UNREACHABLE, f"{html}: {error.strerror}") from error
    typer.echo(f"{len(story.rows)} rows in {html}", err=True)


def _draw(story: Story, width: int | None) -> None:
    console = Console(highlight=False, emoji=False, markup=False)
    if width or not console.is_terminal:
        console.width = width or _WIDE
    console.print(Ladder(story))
