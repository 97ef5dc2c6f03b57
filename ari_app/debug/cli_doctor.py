"""`ari-debug doctor`: what is wrong with an Asterisk, and the line to change."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec
import typer

from ari_app.ari.errors import AriError, Forbidden, Unauthorized
from ari_app.debug.cli_support import plainly
from ari_app.debug.exits import FAILED, UNREACHABLE, QuitError
from ari_app.debug.sources import Password, Url, User

if TYPE_CHECKING:
    from ari_app.debug.finding import Finding
    from ari_app.debug.local import Login

_SIGNS = {"ok": ("ok  ", "32"), "note": ("note", "33"), "bad": ("BAD ", "31")}
_HERE = ("127.0.0.1", "localhost", "::1")


@plainly
def doctor(
    url: Url = None,
    user: User = "ariswitch",
    password: Password = "",
    config_dir: Annotated[
        Path | None,
        typer.Option(
            help="Asterisk's configuration files, to be read [the node's, or /etc/asterisk]"
        ),
    ] = None,
    rtp: Annotated[
        bool, typer.Option("--rtp/--no-rtp", help="Try whether audio passes both ways")
    ] = True,
    mi: Annotated[
        str, typer.Option(metavar="URL", help="MI of an OpenSIPS in front: http://HOST:PORT/mi")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is not well")] = False,
) -> None:
    """Examine an Asterisk for ARI work; say what is wrong, each with the line to change.

    Looks at version, modules, users, the event WebSocket, applications, left-over channels and
    bridges, audio both ways, clock, open files, and, where they can be read, ari.conf, http.conf
    and rtp.conf. With --mi also at an OpenSIPS's count of calls. Where and who is taken from the
    files of the ariswitch node of this folder, if nothing is said. Changes nothing; to try audio,
    two channels of its own are there for a second. Ends with 1 when something is bad; notes alone
    are no failure.

    \b
    Examples:
      ari-debug doctor
      ari-debug doctor --url http://127.0.0.1:8088 --user me
      ari-debug doctor --no-rtp --mi http://10.0.0.2:8888/mi
      ari-debug doctor --quiet || echo "see above"
      ari-debug doctor --json | jq 'select(.grade=="bad")'
    """
    from ari_app.debug.doctor import judge  # noqa: PLC0415
    from ari_app.debug.examine import examine  # noqa: PLC0415  (aiohttp)
    from ari_app.debug.local import limits, state_folder  # noqa: PLC0415

    at = _place(url, user, password, config_dir)
    try:
        facts = asyncio.run(examine(at.url, at.user, at.password, at.folder, rtp=rtp, balancer=mi))
        facts.host = urlsplit(at.url).hostname or ""
        if facts.host in _HERE:
            facts.limits = list(limits(state_folder()))
    except ValueError as error:
        raise QuitError(UNREACHABLE, str(error)) from error
    except AriError as error:
        raise QuitError(UNREACHABLE, f"{at.url}: {error}\n{_remedy(error, at.user)}") from error
    findings = list(judge(facts))
    for finding in findings:
        if json:
            typer.echo(msgspec.json.encode(finding).decode())
        elif not (quiet and finding.grade == "ok"):
            _show(finding)
    raise typer.Exit(FAILED if any(one.grade == "bad" for one in findings) else 0)


def _show(finding: Finding) -> None:
    """One line, and below it the line to change."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    sign, code = _SIGNS[finding.grade]
    shown = f"\x1b[{code}m{sign}\x1b[0m" if colour else sign
    typer.echo(f"{shown} {finding.what:<18} {finding.detail}")
    if finding.remedy and finding.grade != "ok":
        typer.echo(f"     {'':<18} -> {finding.remedy}")


def _place(url: str | None, user: str, password: str, folder: Path | None) -> Login:
    """What was said, and where nothing was, what the files of this machine's node say."""
    from ari_app.debug.local import USUAL, Login, login, same_place, state_folder  # noqa: PLC0415

    ours = login(folder or state_folder() / "asterisk" / "etc")
    if ours is not None and not password and (url is None or same_place(url, ours.url)):
        return ours
    where = url or "http://127.0.0.1:8088"
    if folder is None and ours is not None and same_place(where, ours.url):
        folder = ours.folder
    if folder is None and urlsplit(where).hostname in _HERE and USUAL.is_dir():
        folder = USUAL
    return Login(where, user, password, folder)


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
