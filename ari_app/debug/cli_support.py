"""What the commands share: errors as plain words and exit codes, filters, help."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

from ari_app.debug.exits import USAGE, QuitError
from ari_app.debug.filters import Filter, FilterError, parse

P = ParamSpec("P")
R = TypeVar("R")


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """End with one plain sentence on standard error; quietly when nobody reads the output."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except QuitError as error:
            typer.echo(f"ari-debug: {error}", err=True)
            raise typer.Exit(error.code) from error
        except BrokenPipeError:
            # `| head` has seen enough. Python would complain at its end when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None

    return wrapper


def compiled(text: str) -> Filter:
    """Read a filter; raises QuitError that shows where it is wrong."""
    try:
        return parse(text)
    except FilterError as error:
        raise QuitError(USAGE, f"this filter cannot be read: {error}") from error
