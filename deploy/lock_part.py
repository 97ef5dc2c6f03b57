"""Prints the part of requirements.lock that the named packages need, hashes and all.

``lock_part.py ariswitch`` is what a node needs to run, without what develops and tests it. Reads
the ``# via`` lines that uv writes, so it needs nothing installed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"

_PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)==")
#: Who wants a package: another one, or the project itself; not its groups and extras.
_VIA = re.compile(r"    # (?:via|  )\s*([a-z0-9][a-z0-9._-]*)( \(pyproject\.toml\))?$")


def part(lock: str, names: Iterable[str]) -> str:
    """Return the entries of ``names`` and of all they need; raises KeyError for an unknown one."""
    # A package may be there twice, for different Pythons.
    entries: list[tuple[str, list[str]]] = []
    for line in lock.splitlines():
        if pin := _PIN.match(line):
            entries.append((pin[1], []))
        entries[-1][1].append(line)
    wanted_by: dict[str, set[str]] = {name: set() for name, _ in entries}
    for name, lines in entries:
        wanted_by[name] |= {via[1] for line in lines if (via := _VIA.match(line))}
    known = set(wanted_by).union(*wanted_by.values())
    chosen = set(names)
    if strangers := chosen - known:
        raise KeyError(", ".join(sorted(strangers)))
    while more := {name for name, by in wanted_by.items() if by & chosen} - chosen:
        chosen |= more
    return "\n".join(line for name, lines in entries if name in chosen for line in lines)


if __name__ == "__main__":
    print(part(LOCK.read_text(), sys.argv[1:]))
