"""What a run of the whole-stack bench has found, as it is kept in JSON."""

from __future__ import annotations

import datetime as dt
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

FAULTS = ("lost", "doubled", "reordered", "altered")


class Window(msgspec.Struct):
    """One window. ``cpu`` is shares of a core by process, times are µs.

    Faults are counted from the first frame said, not from the start of the window.
    """

    cpu: dict[str, float]
    round_trip_us: dict[str, int]
    pacing_us: dict[str, int]
    heard: int
    faults: int
    silent: int
    behind: int
    talking: int
    outside_load: float
    outside_late_us: int


def window(seen: dict[str, Any], cpu: dict[str, float]) -> Window:
    """Make a window of what ``bench/outside.c`` said and of the CPU used meanwhile."""
    return Window(
        cpu=cpu,
        round_trip_us=seen["round_trip_us"],
        pacing_us=seen["pacing_us"],
        heard=seen["heard"]["right"],
        faults=sum(seen["heard"][fault] for fault in FAULTS) + seen["stalled"],
        silent=seen["heard"]["silent"],
        behind=seen["behind"],
        talking=seen["talking"],
        outside_load=seen["own_cpu"] / seen["seconds"],
        outside_late_us=seen["late_us"],
    )


class Load(msgspec.Struct):
    """One turn of one subject (whole, floor, stock) in so many calls.

    ``memory`` is what each process has grown by since before the first call, bytes.
    """

    subject: str
    calls: int
    windows: list[Window]
    memory: dict[str, int]

    def per_call(self, *names: str) -> list[float]:
        """Return the CPU of these processes (all, by default) a call, in % of a core."""
        return [
            100 * sum(one.cpu[name] for name in names or one.cpu) / self.calls
            for one in self.windows
        ]

    @property
    def ours(self) -> list[str]:
        """Names of the processes that are not Asterisk."""
        return [name for name in self.windows[0].cpu if name != "asterisk"]

    def median(self, of: Callable[[Window], float]) -> float:
        """Return the median over the windows."""
        return statistics.median(map(of, self.windows))


class Setup(msgspec.Struct):
    """Calls set up at ``rate`` a second: INVITE sent to `start` received, ms; CPU ms a call."""

    rate: int
    calls: int
    started: int
    seconds: float
    start_ms: list[float]
    cpu_ms: dict[str, float]


class Clear(msgspec.Struct):
    """From the bot's clear to the end of the last sound at the caller, µs."""

    calls: int
    clears: int
    mute: int
    silence_us: dict[str, int]


class Results(msgspec.Struct):
    """Everything of one run."""

    when: str = ""
    machine: dict[str, Any] = {}
    loads: list[Load] = []
    setups: list[Setup] = []
    clear: Clear | None = None

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what an earlier run has written; empty when none has."""
        if not path.exists():
            return cls()
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def put_loads(self, loads: Sequence[Load]) -> None:
        """Take levels in, in place of what was known of them."""
        new = {load.calls for load in loads}
        kept = [load for load in self.loads if load.calls not in new]
        self.loads = sorted([*kept, *loads], key=lambda load: load.calls)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        self.when = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self.machine = {
            "kernel": platform.release(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))

    def of(self, subject: str, calls: int) -> list[Load]:
        """Return the turns of a subject at a level."""
        return [load for load in self.loads if (load.subject, load.calls) == (subject, calls)]

    @property
    def levels(self) -> list[int]:
        """Numbers of calls, ascending."""
        return sorted({load.calls for load in self.loads})
