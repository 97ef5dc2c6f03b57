"""Reading the logs of all parts as one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
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
    """Yield lines as they are written, for ever."""
    with closing(Follower(log_dir, only)) as follower:
        while True:
            lines = follower.poll()
            yield from lines
            if not lines:
                time.sleep(_POLL_SECONDS)


class Follower:
    """Reads what is new in every log, through rotations and in logs that appear later."""

    def __init__(self, log_dir: Path, only: str | None = None) -> None:
        self._log_dir = log_dir
        self._only = only
        self._files: dict[Path, IO[str]] = {}
        for path in _files(log_dir, only):
            self._open(path).seek(0, 2)

    def poll(self) -> list[str]:
        """Return the lines written since the last look, each named after its part."""
        lines: list[str] = []
        for path in _files(self._log_dir, self._only):
            file = self._files.get(path) or self._open(path)
            lines += _named(path, file)
            if _rotated(file, path):
                lines += _named(path, file)
                file.close()
                lines += _named(path, self._open(path))
        return lines

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _open(self, path: Path) -> IO[str]:
        file = self._files[path] = path.open(errors="replace")
        return file


def _named(path: Path, file: IO[str]) -> list[str]:
    return [f"{path.stem:<12}{line.rstrip()}" for line in file.readlines()]


def _files(log_dir: Path, only: str | None) -> list[Path]:
    return sorted(p for p in log_dir.glob("*.log") if only is None or p.stem.startswith(only))


def _rotated(file: IO[str], path: Path) -> bool:
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    return Path(f"/proc/self/fd/{file.fileno()}").stat().st_ino != now.st_ino
