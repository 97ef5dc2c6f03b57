"""`ari-debug filters`: the filter language, in words."""

from __future__ import annotations

import typer

from ari_app.debug import filters


def show_filters() -> None:
    """Explain the filter language that every command shares."""
    typer.echo(filters.__doc__)
