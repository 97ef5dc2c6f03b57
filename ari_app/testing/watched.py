"""Servers that must not die while tests use them: which did, and what they said last.

Without it a test that needs a dead OpenSIPS fails at whatever it asked of it last. The folder
`tests/real` looks after every test; whoever runs a server looks once more when it ends it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Lines of its log that are shown of a server that died.
_TAIL = 30
#: Seconds that a server whose part has died may take to end, once something has gone wrong.
DYING = 5.0
_CODES = {os.CLD_EXITED: "exit code", os.CLD_KILLED: "signal", os.CLD_DUMPED: "signal"}


class ServerDiedError(Exception):
    """A server ended by itself; the message has the end of its log."""


@dataclass(frozen=True)
class Watched:
    """A child process of ours that is to run until its context ends."""

    name: str
    pid: int
    log: Path

    def obituary(self) -> str:
        """Tell how it ended, and its last words; empty while it lives."""
        how = _ended(self.pid)
        if not how:
            return ""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join((f"{self.name} died ({how}); its log ends:", *lines[-_TAIL:]))


_watched: list[Watched] = []


@contextmanager
def watched(name: str, pid: int, log: Path) -> Iterator[None]:
    """Watch a child process within; raises ServerDiedError at the end when it is dead."""
    one = Watched(name, pid, log)
    _watched.append(one)
    within = DYING
    try:
        yield
        within = 0.0
    finally:
        text = obituaries(within, (one,))
        _watched.remove(one)
        if text:
            raise ServerDiedError(text)


def obituaries(within: float = 0.0, whom: Sequence[Watched] = _watched) -> str:
    """Tell of all watched servers that are dead; empty when all live.

    ``within`` is the seconds in which one may still be dying.
    """
    until = time.monotonic() + within
    while whom and time.monotonic() < until and not any(one.obituary() for one in whom):
        time.sleep(0.05)
    return "\n\n".join(text for one in whom if (text := one.obituary()))


def _ended(pid: int) -> str:
    """How a child ended, left as it is for whoever waits for it; empty while it runs."""
    try:
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return "its exit code is gone"
    return f"{_CODES.get(found.si_code, 'code')} {found.si_status}" if found else ""
