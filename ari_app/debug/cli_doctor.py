"""`ari-debug doctor`: what is wrong with an Asterisk, and the line to change."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ari_app.ari.errors import AriError, Forbidden, Unauthorized
from ari_app.debug.cli_support import plainly
from ari_app.debug.exits import FAILED, UNREACHABLE, QuitError
from ari_app.debug.sources import Password, Url, User

_SIGNS = {"ok": ("ok  ", "32"), "note": ("note", "33"), "bad": ("BAD ", "31")}
#: Where a distribution keeps them.
_USUAL = Path("/etc/asterisk")


@plainly
def doctor(
    url: Url = None,
    user: User = "ariswitch",
    password: Password = "",
    config_dir: Annotated[
        Path | None,
        typer.Option(help="Asterisk's configuration files, to be read [/etc/asterisk]"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is not well")] = False,
) -> None:
    """Examine an Asterisk for ARI work; say what is wrong, each with the line to change.

    Looks at version, modules, users, the event WebSocket, applications, left-over channels and
    bridges, and, where they can be read, ari.conf, http.conf and rtp.conf. Changes nothing.
    Ends with 1 when something is bad; notes alone are no failure.

    \b
    Examples:
      ari-debug doctor --url http://127.0.0.1:8088 --user me
      ari-debug doctor --quiet || echo "see above"
      ari-debug doctor --json | jq 'select(.grade=="bad")'
    """
    from ari_app.debug.doctor import judge  # noqa: PLC0415
    from ari_app.debug.examine import examine  # noqa: PLC0415  (aiohttp)

    where = url or "http://127.0.0.1:8088"
    folder = config_dir or (_USUAL if "127.0.0.1" in where and _USUAL.is_dir() else None)
    try:
        facts = asyncio.run(examine(where, user, password, folder))
    except ValueError as error:
        raise QuitError(UNREACHABLE, str(error)) from error
    except AriError as error:
        raise QuitError(UNREACHABLE, f"{where}: {error}\n{_remedy(error, user)}") from error
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    bad = 0
    for finding in judge(facts):
        bad += finding.grade == "bad"
        if json:
            typer.echo(msgspec.json.encode(finding).decode())
        elif not (quiet and finding.grade == "ok"):
            sign, code = _SIGNS[finding.grade]
            shown = f"\x1b[{code}m{sign}\x1b[0m" if colour else sign
            typer.echo(f"{shown} {finding.what:<18} {finding.detail}")
            if finding.remedy and finding.grade != "ok":
                typer.echo(f"     {'':<18} -> {finding.remedy}")
    raise typer.Exit(FAILED if bad else 0)


def _remedy(error: AriError, user: str) -> str:
    """What nobody answers, or answers no, mostly means."""
    if isinstance(error, Unauthorized):
        return f"-> ari.conf: [{user}] type = user, password = ...; then: module reload res_ari.so"
    if isinstance(error, Forbidden):
        return "-> ari.conf or http.conf: an ACL forbids this address"
    if error.status == 404:
        return "-> modules.conf: load = res_ari.so; http.conf: is there a prefix?"
    return (
        "-> http.conf: enabled = yes, bindaddr, bindport; ari.conf: enabled = yes;\n"
        "   then: asterisk -rx 'http show status'"
    )
