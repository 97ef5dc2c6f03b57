"""An Asterisk of this machine, as its files tell: where its ARI is, who may use it, its limits.

The files are those of a node's state folder (`ARISWITCH_STATE_DIR`), or of a distribution.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ari_app.debug.conf import general, sections
from ari_app.debug.probes import Limit

#: Where a distribution keeps configuration and the process's number.
USUAL = Path("/etc/asterisk")
_PIDS = (Path("/var/run/asterisk/asterisk.pid"),)
_PROC = Path("/proc")


@dataclass(frozen=True)
class Login:
    """An ARI that files tell of."""

    url: str
    user: str
    password: str
    #: Of its configuration files; None when they are not here.
    folder: Path | None


def state_folder() -> Path:
    """The folder of this machine's node, whether there or not."""
    return Path(os.environ.get("ARISWITCH_STATE_DIR", ".ariswitch"))


def login(folder: Path) -> Login | None:
    """Who may use the ARI whose configuration is in ``folder``; None when that cannot be read."""
    try:
        users = sections((folder / "ari.conf").read_text(errors="replace"))
        http = general((folder / "http.conf").read_text(errors="replace"))
    except OSError:
        return None
    host = http.get("bindaddr") or "127.0.0.1"
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  (what is looked for)
    url = f"http://{host}:{http.get('bindport') or '8088'}"
    for name, user in users.items():
        plain = user.get("password_format", "plain") == "plain"
        if user.get("type") == "user" and user.get("password") and plain:
            return Login(url, name, user["password"], folder)
    return None


def same_place(url: str, other: str) -> bool:
    """Whether two URLs mean the same port of this machine."""
    one, two = urlsplit(url), urlsplit(other)
    ours = ("127.0.0.1", "localhost", "::1")
    hosts = {one.hostname, two.hostname}
    return one.port == two.port and (len(hosts) == 1 or hosts <= set(ours))


def limits(state: Path) -> Iterator[Limit]:
    """Limits of open files: of Asterisk and the app, where they can be looked at, else of ours."""
    for file in (state / "run" / "asterisk.pid", *_PIDS):
        with contextlib.suppress(OSError, ValueError):
            yield _of_process("Asterisk", int(file.read_text()))
            break
    if (app := _app(state)) is not None:
        with contextlib.suppress(OSError, ValueError):
            yield _of_process("the app", app)
            return
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield Limit("this shell", soft)


def _app(state: Path) -> int | None:
    """Process of the node's app: who started all its parts has it among its children."""
    with contextlib.suppress(OSError, ValueError):
        parent = int((state / "run" / "supervisord.pid").read_text())
        children = (_PROC / str(parent) / "task" / str(parent) / "children").read_text().split()
        for child in children:
            if b"\0serve\0" in (_PROC / child / "cmdline").read_bytes():
                return int(child)
    return None


def _of_process(name: str, pid: int) -> Limit:
    """Raises OSError and ValueError when it cannot be looked at."""
    for line in (_PROC / str(pid) / "limits").read_text().splitlines():
        if line.startswith("Max open files"):
            soft = line.split()[3]
            return Limit(name, int(soft) if soft.isdigit() else 2**31, _count(pid))
    raise ValueError("no such limit")


def _count(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return sum(1 for _ in (_PROC / str(pid) / "fd").iterdir())
    return None
