"""Reading the logs of all parts as one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_POLL_SECONDS = 0.25


def last_lines(log_dir: Path, count: int, only: str | None = None) -> Iterator[str]:
    """Yield the last ``count`` lines of each log, each line named after its part."""
    for path in _files(log_dir, only):
        with path.open(errors="replace") as file:
            for line in file.readlines()[-count:]:
                yield f"{path.stem:<12}{line.rstrip()}"


def follow(log_dir: Path, only: str | None = None) -> Iterator[str]:
    """Yield lines as they are written, for ever; follows a log through its rotation."""
    open_files: dict[Path, IO[str]] = {}
    first = True
    while True:
        quiet = True
        for path in _files(log_dir, only):
            file = open_files.get(path)
            if file is None or _rotated(file, path):
                if file is not None:
                    file.close()
                file = open_files[path] = path.open(errors="replace")
                if first:
                    file.seek(0, 2)
            while line := file.readline():
                quiet = False
                yield f"{path.stem:<12}{line.rstrip()}"
        first = False
        if quiet:
            time.sleep(_POLL_SECONDS)


def _files(log_dir: Path, only: str | None) -> list[Path]:
    return sorted(p for p in log_dir.glob("*.log") if only is None or p.stem.startswith(only))


def _rotated(file: IO[str], path: Path) -> bool:
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    return Path(f"/proc/self/fd/{file.fileno()}").stat().st_ino != now.st_ino
