"""`ari-debug top`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from ari_app.debug.ladder.source import live, recorded
from ari_app.debug.record import Item


async def _replayed(path: Path) -> AsyncIterator[Item]:
    for item in recorded(path):
        yield item


def top(
    source: Annotated[
        Path | None, typer.Option("--from", "-f", help="A recording, instead of the tap")
    ] = None,
    tap: Annotated[
        Path | None, typer.Option(help="The tap's socket; else that of the state folder")
    ] = None,
) -> None:
    """Watch all calls: state, duration, verb, streams, packet loss and jitter of each leg.

    Arrow keys choose a call, Enter follows its ladder, Escape goes back, q quits.
    """
    # Not above: every other command starts without a terminal toolkit.
    from ari_app.debug.ladder.command import tap_socket  # noqa: PLC0415
    from ari_app.debug.top.screen import Top  # noqa: PLC0415

    if source is None:
        Top(live(tap or tap_socket(), statistics=True)).run()
        return
    items = recorded(source)
    end = items[-1].at if items else 0.0
    Top(_replayed(source), clock=lambda: end).run()
