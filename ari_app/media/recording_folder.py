"""The folder of recordings: room for new ones, finished WAV files, other forms of them.

Raw audio comes from Asterisk in a folder of its own (``spool``) and stays there until the WAV is
whole: a disk that is full at that moment loses nothing, and the next try may succeed.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import soundfile
import structlog

from ari_app.media.recorded import HEADER, Cut, Piece, Recorded, Track, mono, write_wav

log = structlog.get_logger(__name__)

#: Bytes of the disk that recordings leave to everybody else.
RESERVE = 200_000_000
#: Seconds that Asterisk may take to close a file after it was told, and to make it before.
CLOSE_SECONDS = 5.0
_LOOK = 0.01
#: Conversions at a time.
_CONVERTERS = 2
_MP3_PIECE = 8000 * 60


class RecordingFolder:
    """Files of recordings, by SID. ``limit`` bounds the finished ones, bytes."""

    def __init__(self, folder: Path, spool: Path, limit: int) -> None:
        self._folder = folder
        self._spool = spool
        self._limit = limit
        self._used: int | None = None
        self._converters = asyncio.Semaphore(_CONVERTERS)

    def raw(self, name: str) -> Path:
        """Return where Asterisk is to write the raw file ``name``."""
        return self._spool / name

    def wav(self, sid: str) -> Path:
        """Return where the finished recording is, or will be."""
        return self._folder / sid[2:4] / f"{sid}.wav"

    async def no_room(self) -> str:
        """Say why nothing more can be recorded; '' when it can."""
        used = await self._count()
        if used >= self._limit:
            return f"recordings take {used} bytes, of {self._limit} allowed"
        try:
            free = (await asyncio.to_thread(shutil.disk_usage, self._spool)).free
        except OSError as error:
            return f"the folder of recordings cannot be used: {error}"
        return "" if free > RESERVE else f"the disk has {free} bytes left"

    async def closed(self, name: str) -> bool:
        """Wait until nobody writes raw file ``name`` any more; False when it never came to be.

        Gives up after CLOSE_SECONDS: what is there then is what there is.
        """
        path = self.raw(name)
        until = asyncio.get_running_loop().time() + CLOSE_SECONDS
        while True:
            open_ = is_written(path)
            if open_ is False:
                return True
            if asyncio.get_running_loop().time() > until:
                log.warning("recording.still_open", file=name, exists=path.exists())
                return path.exists()
            await asyncio.sleep(_LOOK)

    def being_written(self, name: str) -> bool:
        """Tell whether somebody writes raw file ``name`` now."""
        return is_written(self.raw(name)) is True

    async def finish(
        self,
        sid: str,
        raw: Sequence[tuple[str, float]],
        *,
        raw_tracks: Literal[1, 2],
        channels: int,
        track: Track,
        trim: bool,
    ) -> Recorded:
        """Make the WAV of raw files (name, seconds of silence before it), which then go.

        Raises FileNotFoundError when there is none of them, OSError when the disk will not.
        """
        pieces = [Piece(self.raw(name), silence) for name, silence in raw]
        if not any(piece.path.exists() for piece in pieces):
            raise FileNotFoundError(errno.ENOENT, "Asterisk has written nothing")
        cut = Cut(raw_tracks, channels, track, trim)
        target = self.wav(sid)
        await self._count()
        async with self._converters:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            recorded = await asyncio.to_thread(write_wav, pieces, target, cut)
        self._used = (self._used or 0) + recorded.size
        self.discard([name for name, _ in raw])
        return recorded

    def discard(self, names: Sequence[str]) -> None:
        """Remove raw files."""
        for name in names:
            self.raw(name).unlink(missing_ok=True)

    async def other(self, sid: str, *, kind: str, channels: int | None) -> Path:
        """Return the recording as ``kind`` (wav or mp3), mixed when ``channels`` is 1.

        Made once and kept beside the WAV. Raises FileNotFoundError and OSError.
        """
        source = self.wav(sid)
        if channels == 1:
            mixed = source.with_suffix(".1.wav")
            source = await self._made(mixed, lambda new: mono(self.wav(sid), new))
        if kind == "wav":
            return source
        return await self._made(source.with_suffix(".mp3"), lambda new: _mp3(source, new))

    async def pcm(self, sid: str) -> bytes:
        """Return the samples of a finished mono recording, 16 bit. Raises OSError."""
        return (await asyncio.to_thread(self.wav(sid).read_bytes))[HEADER:]

    async def delete(self, sid: str) -> None:
        """Remove a recording's files, raw ones of a failure too; there may be none of them.

        Raises OSError.
        """
        for raw in self._spool.glob(f"{sid}-*"):
            raw.unlink(missing_ok=True)
        wav = self.wav(sid)
        for path in (wav, *(wav.with_suffix(end) for end in (".mp3", ".1.wav", ".1.mp3"))):
            try:
                size = path.stat().st_size
                path.unlink()
            except FileNotFoundError:
                continue
            if self._used is not None:
                self._used -= size

    async def _made(self, target: Path, make: Callable[[Path], None]) -> Path:
        if _size_of(target):
            return target
        new = target.with_name(f"{target.name}.{os.urandom(4).hex()}.part")
        try:
            async with self._converters:
                await asyncio.to_thread(make, new)
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)
        if self._used is not None:
            self._used += _size_of(target)
        return target

    async def _count(self) -> int:
        if self._used is None:
            self._used = await asyncio.to_thread(_size, self._folder)
        return self._used


def is_written(path: Path) -> bool | None:
    """Tell whether any process has ``path`` open for writing; None when there is no such file.

    Linux grants a read lease only on a file that nobody writes (fcntl(2), F_SETLEASE).
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        # Should somebody open it just now: a signal that nobody minds.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        # A file system without leases: no better knowledge than that it is there.
        return error.errno == errno.EAGAIN
    finally:
        os.close(handle)
    return False


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _mp3(source: Path, target: Path) -> None:
    with (
        soundfile.SoundFile(source) as wav,
        soundfile.SoundFile(
            target, "w", samplerate=wav.samplerate, channels=wav.channels, format="MP3"
        ) as out,
    ):
        for block in wav.blocks(blocksize=_MP3_PIECE, dtype="int16"):
            out.write(block)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
