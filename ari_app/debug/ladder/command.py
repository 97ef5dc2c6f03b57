"""`ari-debug ladder`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ari_app.debug.cli_support import plainly
from ari_app.debug.exits import FAILED, UNREACHABLE, USAGE, QuitError
from ari_app.debug.ladder.build import tell
from ari_app.debug.ladder.html import page
from ari_app.debug.ladder.pick import NoCallError, pick
from ari_app.debug.ladder.text import Ladder
from ari_app.debug.record import Item
from ari_app.debug.sources import From, Place, SourceError, TapPath, recorded
from ari_app.debug.tapped import held

#: As wide as a ladder needs to be in a pipe or a file.
_WIDE = 160


@plainly
def ladder(
    call: Annotated[
        str | None,
        typer.Argument(help="CallSid, channel id or name, SIP Call-ID, stream SID or number"),
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The last call that began")] = False,
    from_: From = None,
    tap: TapPath = None,
    pcap: Annotated[
        Path | None, typer.Option(help="A capture whose SIP and RTP gaps are put in")
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
    """
    if (call is None) is not last:
        raise QuitError(USAGE, "name a call, or say --last")
    try:
        mine = pick(_items(Place(tap=tap, file=from_)), call)
    except NoCallError as error:
        raise QuitError(FAILED, str(error)) from error
    if pcap is not None:
        mine = _with_capture(mine, pcap)
    story = tell(mine, everything=everything, gap=gap)
    if html is not None:
        try:
            html.write_text(page(story), encoding="utf-8")
        except OSError as error:
            raise QuitError(UNREACHABLE, f"{html}: {error.strerror}") from error
        typer.echo(f"{len(story.rows)} rows in {html}", err=True)
        return
    console = Console(highlight=False, emoji=False, markup=False)
    if width or not console.is_terminal:
        console.width = width or _WIDE
    console.print(Ladder(story))


def _items(place: Place) -> list[Item]:
    try:
        place = place.settled()
        return recorded(place.file) if place.file else held(place.tap or Path())
    except LookupError as error:
        raise QuitError(UNREACHABLE, str(error.args[0])) from error
    except SourceError as error:
        raise QuitError(UNREACHABLE, str(error)) from error


def _with_capture(mine: list[Item], pcap: Path) -> list[Item]:
    # Not above: only who has a capture waits for its library.
    from ari_app.debug.capture import CaptureError, join, read  # noqa: PLC0415

    try:
        return join(mine, read(pcap))
    except CaptureError as error:
        raise QuitError(UNREACHABLE, str(error)) from error
