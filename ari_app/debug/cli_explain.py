"""`ari-debug explain`: a call in plain English, and ARI's words, offline."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from ari_app.debug.cli_support import plainly
from ari_app.debug.exits import FAILED, USAGE, QuitError
from ari_app.debug.sources import From, Place, Redis, TapPath


@plainly
def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CALL|EVENT|MEMBER|MODEL|OPERATION|ERROR]...", help="All events if left out"
        ),
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The last call that began")] = False,
    from_: From = None,
    tap: TapPath = None,
    redis: Redis = None,
    pcap: Annotated[
        Path | None, typer.Option(help="A capture, to tell of its gaps and SIP answers too")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Every finding of a call, not the first three")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="A call's findings as one object")] = False,
) -> None:
    """Say why a call went as it did; or what a word of ARI or an error number means.

    A call is named by its SID, its channel's id or name, its SIP Call-ID, a stream's SID or a
    number. What happened to it is read from the tap of a running ariswitch, or a recording. Words
    of ARI (events, members, models, operations) and Twilio's error numbers need neither.

    \b
    Examples:
      ari-debug explain --last
      ari-debug explain CA12…
      ari-debug explain +15550100 --from call.jsonl --pcap call.pcap
      ari-debug explain 31920
      ari-debug explain StasisStart
      ari-debug explain StasisStart.channel.dialplan
      ari-debug explain POST /channels/create
    """
    if last and words:
        raise QuitError(USAGE, "name a call, or say --last")
    place = Place(tap=tap, file=from_, redis=redis)
    if last:
        _call(None, place, pcap, everything=everything, json=json)
        return
    if not words:
        _events()
        return
    word = " ".join(words)
    if (text := _word(word)) is not None:
        for paragraph in text.split("\n\n"):
            typer.echo(paragraph if "\n  " in paragraph else textwrap.fill(paragraph, 90))
            typer.echo()
        return
    _call(word, place, pcap, everything=everything, json=json)


def _events() -> None:
    from ari_app.debug import explain as room  # noqa: PLC0415  (imports the whole client)

    for name in room.EVENTS:
        first = room.WHEN[name].partition(". ")[0].rstrip(".").replace("`", "")
        typer.echo(f"{name:<26}{first}")


def _word(word: str) -> str | None:
    """What a word of ARI or an error number means; None when it is neither."""
    from ari_app.debug import explain as room  # noqa: PLC0415
    from ari_app.debug.diagnose.table import explain_code  # noqa: PLC0415

    return explain_code(word) or room.explain(word)


def _call(
    wanted: str | None, place: Place, pcap: Path | None, *, everything: bool, json: bool
) -> None:
    import msgspec  # noqa: PLC0415

    from ari_app.debug.diagnose import read_case, report  # noqa: PLC0415
    from ari_app.debug.remembered import call_of, remembered  # noqa: PLC0415

    try:
        place = place.settled()
    except LookupError:
        if pcap is None:
            text = "No ariswitch runs here: a call is looked for with --tap SOCKET or --from FILE."
            raise QuitError(FAILED, f"{_no_word(wanted)}{text}") from None
    items = remembered(place, pcap)
    try:
        mine = call_of(items, wanted, pcap)
    except QuitError as error:
        words = _no_word(wanted) if error.code == FAILED else ""
        raise QuitError(error.code, f"{words}{error}") from error
    told = report(read_case(mine, items))
    if json:
        typer.echo(msgspec.json.encode(told).decode())
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for line in told.lines(everything=everything):
        typer.echo(_wrapped(line, width))


def _wrapped(line: str, width: int) -> str:
    """As wide as the terminal, further lines set in; a pipe gets lines whole."""
    if not width:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.fill(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _no_word(wanted: str | None) -> str:
    """That it is no word, what may have been meant; it ends with a line of its own."""
    if wanted is None:
        return ""
    from ari_app.debug import explain as room  # noqa: PLC0415

    near = room.similar(wanted)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    return f"ARI has nothing called {wanted!r}.{hint}\n"
