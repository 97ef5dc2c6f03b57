"""Finding out why a node does not work, with a remedy for each finding."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ari_app.debug import gates
from ari_app.node import asterisk, health, ports
from ari_app.node.errors import NodeError
from ari_app.node.stack import current
from ari_app.node.state import runs
from ari_app.settings import Settings
from ari_app.settings_load import Loaded

#: Sockets and files of a few hundred calls.
LEAST_FILES = 4096


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it is well, and what to do if not."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(loaded: Loaded) -> Iterator[Finding]:
    """Run every check; yields as it goes, never raises for what it finds."""
    settings = loaded.settings
    checks: list[Callable[[Settings], Finding]] = [_python, _asterisk, _speech, _files]
    for check in checks:
        yield check(settings)
    stack = current(loaded)
    if stack is None and not runs(settings):
        yield Finding("node", False, "not running", "make up")
        yield _ports(settings)
        return
    # Where there is no supervisor, systemd looks after the processes.
    for process in stack.supervisor.processes() if stack else ():
        yield Finding(process.name, process.running, process.detail, f"see {settings.log_dir}")
    answer = health.ask(stack.settings if stack else settings)
    yield Finding("health", answer.ok, str(answer.status or "no answer"), "make logs")
    parts = answer.parts.get("parts")
    for part, well in parts.items() if isinstance(parts, dict) else ():
        yield Finding(f"health: {part}", bool(well), "answers" if well else "silent", "make logs")


def _python(_: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or later")


def _asterisk(settings: Settings) -> Finding:
    if settings.ari_url:
        return Finding("Asterisk", True, f"not ours: {settings.ari_base_url}")
    try:
        program = asterisk.program(settings)
        done = subprocess.run(  # noqa: S603
            [program, "-V"], capture_output=True, text=True, check=True, timeout=10
        )
    except (NodeError, OSError, subprocess.SubprocessError) as error:
        return Finding("Asterisk", False, str(error), "make up")
    words = done.stdout.split()
    name = words[1].partition("+")[0].partition("~")[0] if len(words) > 1 else ""
    return Finding(
        "Asterisk",
        gates.version_of(name) >= gates.LEAST,
        f"{name} in {settings.asterisk_dir}",
        "Asterisk 22.10.1 or later: older ones deadlock under ARI load",
    )


def _speech(_: Settings) -> Finding:
    path = shutil.which("espeak-ng")
    return Finding("espeak-ng", path is not None, path or "missing", "make up installs it")


def _files(_: Settings) -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Finding(
        "open files", soft >= LEAST_FILES, f"{soft} of {hard}", f"ulimit -n {LEAST_FILES}"
    )


def _ports(settings: Settings) -> Finding:
    try:
        ports.check_free(settings)
    except NodeError as error:
        return Finding("ports", False, str(error))
    return Finding("ports", True, f"{settings.http_port} and {settings.sip_port} are free")
