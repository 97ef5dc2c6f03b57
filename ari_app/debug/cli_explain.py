"""`ari-debug explain`: ARI's words, offline."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from ari_app.debug.cli_support import plainly
from ari_app.debug.exits import FAILED, QuitError


@plainly
def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EVENT|MEMBER|MODEL|OPERATION]...", help="All events if left out"),
    ] = None,
) -> None:
    """Say what an event, a member or an operation of ARI means and when it comes.

    Needs no Asterisk and no network.

    \b
    Examples:
      ari-debug explain StasisStart
      ari-debug explain tech_cause
      ari-debug explain StasisStart.channel.dialplan
      ari-debug explain externalMedia
      ari-debug explain POST /channels/create
    """
    from ari_app.debug import explain as room  # noqa: PLC0415  (imports the whole client)

    if not words:
        for name in room.EVENTS:
            first = room.WHEN[name].partition(". ")[0].rstrip(".").replace("`", "")
            typer.echo(f"{name:<26}{first}")
        return
    word = " ".join(words)
    text = room.explain(word)
    if text is None:
        near = room.similar(word)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise QuitError(FAILED, f"ARI has nothing called {word!r}.{hint}")
    for paragraph in text.split("\n\n"):
        typer.echo(paragraph if "\n  " in paragraph else textwrap.fill(paragraph, 90))
        typer.echo()
