"""Raw audio of a recording made into the WAV file that customers get.

Asterisk writes headerless 16-bit samples at 8 kHz, one track or two side by side. Here pauses
are put in, tracks are chosen or mixed, and silence at both ends is cut when it is not wanted.
A recording of hours is never in memory: it passes through in pieces.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

RATE = 8000
#: Samples of one look for sound: 20 ms.
WINDOW = 160
#: Mean level (of 32767) below which a window is silent; Asterisk's own default (dsp.conf).
SILENCE = 256
#: Seconds that are left of silence which is cut: soft beginnings of words are below SILENCE.
MARGIN = 0.1
#: Less sound than this is no recording, seconds.
SHORTEST = 0.1
#: Samples that are worked on at once.
_PIECE = WINDOW * 1000

#: Bytes of a WAV before its samples.
HEADER = 44

Samples = NDArray[np.int16]
Track = Literal["inbound", "outbound", "both"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A raw file and the seconds of silence before it."""

    path: Path
    silence: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """How the raw audio is to become a recording."""

    #: Tracks side by side in the raw files: 2 are inbound and outbound.
    raw_tracks: Literal[1, 2]
    channels: int = 1
    track: Track = "both"
    trim: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came out. ``seconds`` 0 means that no file was written."""

    seconds: float
    size: int
    #: Whether anything was louder than silence.
    loud: bool
    #: Seconds of the raw audio.
    raw_seconds: float


def write_wav(pieces: Sequence[Piece], target: Path, cut: Cut) -> Recorded:
    """Write ``target`` (WAV, 16 bit) from raw files; blocks. Files that are not there are skipped.

    Nothing is written when nothing is left: no audio, or with ``trim`` no sound. Raises OSError.
    """
    total, first, last = 0, -1, 0
    for part in _parts(pieces, cut):
        loud = np.flatnonzero(_loud(part))
        if loud.size:
            if first < 0:
                first = total + int(loud[0]) * WINDOW
            last = min(total + (int(loud[-1]) + 1) * WINDOW, total + len(part))
        total += len(part)
    start, end = 0, total
    if cut.trim:
        margin = round(MARGIN * RATE)
        start, end = max(0, first - margin), min(total, last + margin)
    if end - start < SHORTEST * RATE or (cut.trim and first < 0):
        return Recorded(0.0, 0, first >= 0, total / RATE)
    temporary = target.with_suffix(".part")
    try:
        with temporary.open("wb") as out:
            out.write(_header(end - start, cut.channels))
            at = 0
            for part in _parts(pieces, cut):
                kept = part[max(0, start - at) : max(0, end - at)]
                at += len(part)
                out.write(np.ascontiguousarray(kept).tobytes())
            size = out.tell()
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Recorded((end - start) / RATE, size, first >= 0, total / RATE)


def mono(source: Path, target: Path) -> None:
    """Mix the two channels of a WAV that `write_wav` made into one; blocks. Raises OSError."""
    with source.open("rb") as file, target.open("wb") as out:
        file.seek(HEADER)
        samples = (source.stat().st_size - HEADER) // 4
        out.write(_header(samples, 1))
        while piece := file.read(_PIECE * 4):
            out.write(_mix(np.frombuffer(piece, dtype="<i2").reshape(-1, 2)).tobytes())


def _parts(pieces: Sequence[Piece], cut: Cut) -> Iterator[Samples]:
    """Yield the audio in parts of (samples, channels), each but the last whole windows."""
    for piece in pieces:
        if not piece.path.exists():
            continue
        missing = round(piece.silence * RATE)
        while missing > 0:
            yield np.zeros((min(missing, _PIECE), cut.channels), dtype=np.int16)
            missing -= _PIECE
        width = 2 * cut.raw_tracks
        with piece.path.open("rb") as file:
            while raw := file.read(_PIECE * width):
                whole = raw[: len(raw) // width * width]
                yield _choose(np.frombuffer(whole, dtype="<i2").reshape(-1, cut.raw_tracks), cut)


def _choose(raw: Samples, cut: Cut) -> Samples:
    """Take the wanted tracks into the wanted number of channels."""
    if cut.raw_tracks == 1:
        return np.repeat(raw, cut.channels, axis=1)
    if cut.track == "both":
        return raw if cut.channels == 2 else _mix(raw)
    wanted = 0 if cut.track == "inbound" else 1
    if cut.channels == 1:
        return raw[:, wanted : wanted + 1]
    only = np.zeros_like(raw)
    only[:, wanted] = raw[:, wanted]
    return only


def _mix(pair: Samples) -> Samples:
    """Add two tracks; what is too loud is cut off, as Asterisk's mixer does."""
    both = pair.astype(np.int32).sum(axis=1, keepdims=True)
    mixed: Samples = np.clip(both, -32768, 32767).astype(np.int16)
    return mixed


def _loud(part: Samples) -> NDArray[np.bool_]:
    """Tell of each window whether any channel is louder than silence."""
    level = np.abs(part.astype(np.int32)).max(axis=1, initial=0)
    starts = np.arange(0, len(level), WINDOW)
    if not len(starts):
        return np.zeros(0, dtype=np.bool_)
    sums = np.add.reduceat(level, starts)
    lengths = np.diff(np.append(starts, len(level)))
    return np.asarray(sums / lengths >= SILENCE)


def _header(samples: int, channels: int) -> bytes:
    """Return the 44 bytes before the samples of a WAV (RIFF, WAVE, PCM 16 bit)."""
    size = samples * channels * 2
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", min(size + 36, 0xFFFFFFFF), b"WAVE", b"fmt ", 16, 1, channels),
        *(RATE, RATE * channels * 2, channels * 2, 16, b"data", min(size, 0xFFFFFFFF)),
    )
