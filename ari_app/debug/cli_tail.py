"""`ari-debug tail` and `record`: the same items, for people, for pipes, for later."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Annotated, Literal

import typer

from ari_app.debug import record as records
from ari_app.debug.cli_support import compiled, plainly
from ari_app.debug.exits import FAILED, UNREACHABLE, QuitError
from ari_app.debug.filters import Filter
from ari_app.debug.lines import Lines
from ari_app.debug.record import Header, Item
from ari_app.debug.redact import redacted
from ari_app.debug.sources import From, Password, Place, Redis, TapPath, Url, User

FilterText = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILTER]...", help="What to show: see `ari-debug filters`"),
]
New = Annotated[
    bool, typer.Option("--new", help="Only from now on, not what a tap or a file remembers")
]
Clock = Literal["relative", "clock", "unix"]
Colour = Literal["auto", "always", "never"]
Within = Annotated[float | None, typer.Option(metavar="SECONDS", min=0, help="End after this time")]


@plainly
def tail(
    filter_: FilterText = None,
    url: Url = None,
    user: User = "ariswitch",
    password: Password = "",
    tap: TapPath = None,
    redis: Redis = None,
    from_: From = None,
    json: Annotated[bool, typer.Option("--json", help="Records as lines of JSON")] = False,
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, help="End after so many lines")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="FILTER", help="End with the first that fits")
    ] = None,
    within: Within = None,
    new: New = False,
    clock: Annotated[Clock, typer.Option(help="How times are shown")] = "relative",
    ids: Annotated[bool, typer.Option("--ids", help="Full ids at the end of each line")] = False,
    colour: Annotated[Colour, typer.Option("--color", help="Colours")] = "auto",
    wrap: Annotated[bool, typer.Option("--wrap", help="Long lines whole, not cut")] = False,
) -> None:
    """Show what happens, one line each, as it happens.

    Attached to an Asterisk it is an ARI application of its own (ari-debug-PID-…) that sees the
    events of all channels and takes nothing from any other application. From the tap of a running
    ariswitch come requests, webhooks, TwiML and streams too, and what was before; over Redis from
    the taps of all its nodes.

    \b
    Examples:
      ari-debug tail
      ari-debug tail --url http://127.0.0.1:8088 --user me 'not type:ChannelVarset'
      ari-debug tail --redis redis://10.0.0.9:6379/0 'id:CA12*'
      ari-debug tail --from call.jsonl 'id:CA12* (slow or error)'
      ari-debug tail --json kind:event | jq .type
      ari-debug tail --until type:PlaybackFinished --within 5 && echo played
    """
    place = Place(url, user, password, tap, from_, redis)
    chosen = _since(compiled(" ".join(filter_ or ())), new)
    last = _since(compiled(until), new) if until is not None else None
    lines = _lines(colour, clock, wrap=wrap, ids=ids)

    def render(item: Item) -> bytes:
        if json:
            return records.line(item)
        return (lines.line(item) + "\n").encode(errors="replace")

    printer = _Printer(sys.stdout.buffer, render, chosen, last, count, lines.name)
    code = _watched(place, lambda header: None, printer, within)
    if last is not None and not printer.met:
        typer.echo(f"ari-debug: {until!r} did not come", err=True)
        code = code or FAILED
    raise typer.Exit(code)


def _lines(colour: Colour, clock: Clock, *, wrap: bool, ids: bool) -> Lines:
    """Lines as they fit this terminal, or a pipe."""
    tty = sys.stdout.isatty()
    return Lines(
        colour=colour == "always" or (colour == "auto" and tty and "NO_COLOR" not in os.environ),
        width=shutil.get_terminal_size().columns if tty and not wrap else 0,
        clock=clock,
        unicode=(sys.stdout.encoding or "").lower().replace("-", "") == "utf8",
        full_ids=ids,
    )


@plainly
def record(
    file: Annotated[Path, typer.Argument(help="Where to write; - for standard output")],
    filter_: FilterText = None,
    url: Url = None,
    user: User = "ariswitch",
    password: Password = "",
    tap: TapPath = None,
    redis: Redis = None,
    from_: From = None,
    within: Within = None,
    new: New = False,
    until: Annotated[
        str | None, typer.Option(metavar="FILTER", help="End with the first that fits")
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Phone numbers and names as x, digits as 0")
    ] = False,
) -> None:
    """Write what happens into a file, until Ctrl-C.

    The file is text, one JSON object a line, the first one its header; every other command reads
    it with --from. Recorded from a tap it can be replayed to the app: requests are in it.

    \b
    Examples:
      ari-debug record call.jsonl --until 'type:StasisEnd' --within 60
      ari-debug record call.jsonl id:CA12* --from all.jsonl
      ari-debug record - --redact | gzip > ticket.jsonl.gz
    """
    place = Place(url, user, password, tap, from_, redis)
    chosen = _since(compiled(" ".join(filter_ or ())), new)
    last = _since(compiled(until), new) if until is not None else None

    def render(item: Item) -> bytes:
        return records.line(redacted(item) if redact else item)

    try:
        out = sys.stdout.buffer if str(file) == "-" else file.open("wb")
    except OSError as error:
        raise QuitError(UNREACHABLE, f"{file}: {error.strerror}") from error
    printer = _Printer(out, render, chosen, last, None, None)
    printer.begin = lambda: typer.echo(f"Recording into {file}; Ctrl-C ends it", err=True)
    try:
        code = _watched(place, printer.head, printer, within)
    finally:
        out.flush()
        if out is not sys.stdout.buffer:
            out.close()
    typer.echo(f"{printer.shown} records in {file}", err=True)
    # Ctrl-C is how a recording ends.
    raise typer.Exit(0 if code == 130 else code)


def _since(chosen: Filter, new: bool) -> Filter:
    if not new:
        return chosen
    begin = time.time()
    return lambda item: item.at >= begin and chosen(item)


class _Printer:
    """Filters and writes batches; whole batches at once, since a line each would cost a call."""

    def __init__(
        self,
        out: IO[bytes],
        render: Callable[[Item], bytes],
        chosen: Filter,
        last: Filter | None,
        count: int | None,
        learn: Callable[[Item], object] | None,
    ) -> None:
        self._out, self._render, self._chosen = out, render, chosen
        self._last, self._count, self._learn = last, count, learn
        self.shown = 0
        self.met = False
        #: Called when the first items are written: from now on nothing is missed.
        self.begin: Callable[[], None] | None = None

    def head(self, header: Header) -> None:
        """Write the first line of a recording."""
        self._out.write(records.line(header))

    def __call__(self, batch: list[Item]) -> bool:
        texts: list[bytes] = []
        for item in batch:
            # What the tool itself has to say is shown whatever the filter.
            if self._chosen(item) or (item.kind == "note" and item.type in _ALWAYS):
                texts.append(self._render(item))
                self.shown += 1
            elif self._learn is not None:
                self._learn(item)
            self.met = self._last is not None and self._last(item)
            if self.met or self.shown == self._count:
                break
        self._out.write(b"".join(texts))
        self._out.flush()
        if self.begin is not None and batch:
            self.begin()
            self.begin = None
        return self.met or self.shown == self._count


_ALWAYS = frozenset({"missed", "lost", "connected", "unreadable"})


def _watched(
    place: Place, begin: Callable[[Header], None], printer: _Printer, within: float | None
) -> int:
    from ari_app.debug.backlog import Backlog  # noqa: PLC0415  (aiohttp: only for what needs it)
    from ari_app.debug.watching import watch  # noqa: PLC0415

    try:
        settled = place.settled()
    except LookupError as error:
        raise QuitError(UNREACHABLE, str(error.args[0])) from error
    backlog = Backlog()
    code = watch(settled, begin, printer, within=within, backlog=backlog)
    if backlog.dropped:
        text = f"ari-debug: {backlog.dropped} of {backlog.seen} not shown: the output is too slow"
        typer.echo(text, err=True)
    return code
