"""The sound files on disk: complete or not there, bounded in bytes, least recently used first.

Layout under the root: ``sounds/<2 hex>/<name>.ulaw`` and ``.alaw``, and ``tmp/`` on the same
file system for what is not finished. The directory itself is the index: a start scans it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import structlog

from ari_app.errors import TwilioError
from ari_app.media.g711 import FRAME
from ari_app.media.sound import Pins, Sound

log = structlog.get_logger(__name__)

GRACE_SECONDS = 120.0
"""A sound handed out this lately counts as in use: Asterisk may be about to open it."""
_STALE_TMP_SECONDS = 3600.0
_SUFFIXES = (".ulaw", ".alaw")


class _Held(NamedTuple):
    size: int  # of one of the two files
    used: float  # time.time()


class SoundFiles:
    """Content by name. Never deletes a sound that is pinned or was handed out lately.

    When nothing may be deleted the bound is overstepped, up to twice ``max_bytes``; then
    ``make_room`` raises.
    """

    def __init__(
        self, root: Path, max_bytes: int, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._root = root.resolve()
        self._max_bytes = max_bytes
        self._clock = clock
        self._sounds: OrderedDict[str, _Held] = OrderedDict()
        self._total = 0
        self._serial = itertools.count()
        self.pins = Pins()
        self._tmp = self._root / "tmp"
        self._tmp.mkdir(parents=True, exist_ok=True)
        self._scan()

    @property
    def total(self) -> int:
        """Bytes of all finished sounds."""
        return self._total

    def __contains__(self, name: str) -> bool:
        return name in self._sounds

    def temporary(self) -> Path:
        """Return a new path, without extension, for a file in the making."""
        return self._tmp / f"{os.getpid()}-{next(self._serial)}-{time.time_ns():x}"

    def discard(self, temporary: Path) -> None:
        """Remove what was written at ``temporary`` and its converted files."""
        for path in (temporary, *map(temporary.with_suffix, _SUFFIXES)):
            path.unlink(missing_ok=True)

    def get(self, name: str) -> Sound | None:
        """Return the sound and mark it used; None when it is not here, or not whole any more."""
        if name not in self._sounds:
            return None
        path = self._path(name)
        size = _pair_size(path)
        if size is None:
            self._forget(name)
            return None
        now = self._clock()
        self._sounds[name] = _Held(size, now)
        self._sounds.move_to_end(name)
        with contextlib.suppress(OSError):  # so a restart knows the order
            os.utime(path.with_suffix(".ulaw"), (now, now))
        return Sound(str(path), size / 8000, self.pins)

    def add(self, name: str, temporary: Path) -> Sound:
        """Move the pair made at ``temporary`` to its place, both whole, then evict.

        Raises OSError, leaving no half of a pair that ``get`` would return.
        """
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in _SUFFIXES:
            temporary.with_suffix(suffix).replace(path.with_suffix(suffix))
        self._forget(name)
        size = path.with_suffix(".ulaw").stat().st_size
        self._sounds[name] = _Held(size, self._clock())
        self._total += 2 * size
        sound = self.get(name)
        if sound is None:
            raise FileNotFoundError(f"{path} vanished")
        self.evict()
        return sound

    def evict(self) -> None:
        """Delete the least recently used sounds not in use until the bound holds."""
        if self._total <= self._max_bytes:
            return
        recent = self._clock() - GRACE_SECONDS
        for name, held in list(self._sounds.items()):
            if self._total <= self._max_bytes:
                return
            if held.used > recent or self.pins.held(str(self._path(name))):
                continue
            self._forget(name)
            self._unlink(name)
        log.warning("media_cache_over_bound", bytes=self._total, max_bytes=self._max_bytes)

    def make_room(self) -> None:
        """Raise TwilioError 12400 when sounds in use alone take twice the bound."""
        self.evict()
        if self._total > 2 * self._max_bytes:
            raise TwilioError(12400, "the media cache is full of sounds being played")

    def _path(self, name: str) -> Path:
        return self._root / "sounds" / name[:2] / name

    def _forget(self, name: str) -> None:
        held = self._sounds.pop(name, None)
        if held is not None:
            self._total -= 2 * held.size

    def _unlink(self, name: str) -> None:
        for suffix in _SUFFIXES:
            self._path(name).with_suffix(suffix).unlink(missing_ok=True)

    def _scan(self) -> None:
        stale = time.time() - _STALE_TMP_SECONDS
        for path in self._tmp.iterdir():
            if path.stat().st_mtime < stale:
                path.unlink(missing_ok=True)
        found: dict[str, float] = {}
        for path in (self._root / "sounds").glob("??/*"):
            # The .ulaw file carries the time of the last use; without it the pair is no pair.
            used = path.stat().st_mtime if path.suffix == ".ulaw" else 0.0
            found[path.stem] = max(found.get(path.stem, 0.0), used)
        for name, used in sorted(found.items(), key=lambda item: item[1]):
            size = _pair_size(self._path(name))
            if size is None:
                self._unlink(name)
                continue
            self._sounds[name] = _Held(size, used)
            self._total += 2 * size
        self.evict()


def _pair_size(path: Path) -> int | None:
    """Length of either file when both are there, equal and whole frames."""
    try:
        sizes = {path.with_suffix(suffix).stat().st_size for suffix in _SUFFIXES}
    except FileNotFoundError:
        return None
    size = sizes.pop()
    return size if not sizes and size > 0 and size % FRAME == 0 else None
