"""Processes of a state folder whose supervisord was killed.

Every supervised process carries the state folder in its environment; that mark, and nothing
vaguer, says whose it is.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

#: Set in the environment of supervisord and all it starts; no setting, hence not ARISWITCH_.
MARK = "_ARISWITCH_STACK"


def find(state_dir: Path) -> list[int]:
    """List the process ids that carry the mark of this state folder, our own excluded."""
    wanted = f"{MARK}={state_dir}".encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environ = (entry / "environ").read_bytes()
        except OSError:  # ended meanwhile, or another user's
            continue
        if wanted in environ.split(b"\0"):
            found.append(int(entry.name))
    return sorted(found)


def end(state_dir: Path, patience: float = 5.0) -> list[int]:
    """End what is left over: SIGTERM, and SIGKILL after ``patience`` seconds; returns the ids."""
    left = everyone = find(state_dir)
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 2.0)):
        for pid in left:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        until = time.monotonic() + seconds
        while (left := find(state_dir)) and time.monotonic() < until:
            time.sleep(0.05)
        if not left:
            break
    return everyone
