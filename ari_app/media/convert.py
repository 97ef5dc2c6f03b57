"""One audio file of any known kind to a pair of raw G.711 files at 8 kHz.

Runs in a worker thread for audio of our own making, and as a child process of its own
(``python -m ari_app.media.convert``) for files from elsewhere, so that a decoder that crashes,
hangs or eats memory takes nothing with it. Works block by block: memory does not grow with the
length of the file.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from ari_app.media import g711
from ari_app.media.wav import Plain, find_plain

RATE = 8000
MAX_SECONDS = 40 * 60
"""Longest sound (Twilio: files beyond about 40 minutes may drop the call)."""

Kind = Literal["auto", "ulaw", "gsm"]
"""How to read the file: by its content, or as headerless µ-law or GSM 06.10 at 8 kHz."""

_BLOCK = 1 << 16
_MAX_CHANNELS = 32
_RATES = range(1000, 768_001)
_CONTAINERS = (b"RIFF", b"RF64", b"FORM", b".snd", b"ID3", b"OggS", b"fLaC", b"caff")
_CHILD_MEMORY = 1 << 30


class UnusableAudio(Exception):  # noqa: N818 (a verdict on a file, not a fault)
    """The file is no audio of a known kind, is empty, or is too long; the text says which."""


def convert(source: Path, kind: Kind, target: Path) -> int:
    """Write ``<target>.ulaw`` and ``<target>.alaw`` and return their length in bytes.

    The last 20 ms frame is padded with silence. Raises UnusableAudio, and OSError when the
    files cannot be written (they are then incomplete and the caller's to remove).
    """
    with (
        source.open("rb") as file,
        target.with_suffix(".ulaw").open("wb") as ulaw,
        target.with_suffix(".alaw").open("wb") as alaw,
    ):
        length = 0
        for ulaw_part, alaw_part in _encoded(source, file, kind):
            length += len(ulaw_part)
            if length > MAX_SECONDS * RATE:
                raise UnusableAudio(f"longer than {MAX_SECONDS // 60} minutes")
            ulaw.write(ulaw_part)
            alaw.write(alaw_part)
        if length == 0:
            raise UnusableAudio("no audio in the file")
        padding = -length % g711.FRAME
        ulaw.write(bytes([g711.ULAW_SILENCE]) * padding)
        alaw.write(bytes([g711.ALAW_SILENCE]) * padding)
    return length + padding


def is_plain(source: Path, kind: Kind) -> bool:
    """Tell whether ``convert`` needs no decoder: headerless µ-law, or a plain WAV."""
    with source.open("rb") as file:
        if file.read(4).startswith(_CONTAINERS):
            kind = "auto"
        return kind == "ulaw" or (
            kind == "auto" and find_plain(file, source.stat().st_size) is not None
        )


def _encoded(source: Path, file: IO[bytes], kind: Kind) -> Iterator[tuple[bytes, bytes]]:
    size = source.stat().st_size
    head = file.read(4)
    if head.startswith(_CONTAINERS):
        kind = "auto"  # a header is a better witness than the web server
    plain = find_plain(file, size) if kind == "auto" else None
    if kind == "ulaw":
        plain = Plain("ulaw", RATE, 1, 0, size)
    if plain and plain.coding != "pcm16":
        yield from _g711_blocks(file, plain)
        return
    for samples in _pcm16(file, plain) if plain else _decoded(source, kind):
        yield g711.ulaw_encode(samples), g711.alaw_encode(samples)


def _g711_blocks(file: IO[bytes], plain: Plain) -> Iterator[tuple[bytes, bytes]]:
    for data in _bytes(file, plain, _BLOCK):
        if plain.coding == "ulaw":
            yield data, g711.alaw_encode(g711.ulaw_decode(data))
        else:
            yield g711.ulaw_encode(g711.alaw_decode(data)), data


def _pcm16(file: IO[bytes], plain: Plain) -> Iterator[g711.Samples]:
    _check(plain.rate, plain.channels)
    width = 2 * plain.channels

    def blocks() -> Iterator[NDArray[np.float32]]:
        for data in _bytes(file, plain, _BLOCK // width * width):
            whole = np.frombuffer(data[: len(data) // width * width], "<i2").astype(np.float32)
            yield _mono(whole.reshape(-1, plain.channels) / np.float32(32768))

    yield from _to_rate(blocks(), plain.rate)


def _bytes(file: IO[bytes], plain: Plain, block: int) -> Iterator[bytes]:
    file.seek(plain.offset)
    left = plain.size
    while left > 0 and (data := file.read(min(left, block))):
        left -= len(data)
        yield data


def _check(rate: int, channels: int) -> None:
    if rate not in _RATES or not 1 <= channels <= _MAX_CHANNELS:
        raise UnusableAudio(f"{channels} channels at {rate} Hz")


def _decoded(source: Path, kind: Kind) -> Iterator[g711.Samples]:
    raw: dict[str, Any] = (
        {"format": "RAW", "subtype": "GSM610", "samplerate": RATE, "channels": 1}
        if kind == "gsm"
        else {}
    )
    try:
        # By path: seeks of a damaged file fail within libsndfile, not in a Python callback.
        with soundfile.SoundFile(source, **raw) as sound:
            _check(sound.samplerate, sound.channels)
            yield from _to_rate(_mono_blocks(sound), sound.samplerate)
    except (soundfile.SoundFileError, ValueError) as error:
        raise UnusableAudio(str(error)) from error


def _mono_blocks(sound: Any) -> Iterator[NDArray[np.float32]]:
    # read() and not blocks(): the number of frames in the header is not to be trusted.
    frames = max(1024, _BLOCK // sound.channels)
    while len(block := sound.read(frames, dtype="float32", always_2d=True)):
        # Damaged float files hold NaN and infinities.
        yield np.nan_to_num(_mono(block), nan=0.0, posinf=1.0, neginf=-1.0)


def _mono(block: NDArray[np.float32]) -> NDArray[np.float32]:
    return block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)


def _to_rate(blocks: Iterator[NDArray[np.float32]], rate: int) -> Iterator[g711.Samples]:
    if rate == RATE:
        yield from map(_to_int16, blocks)
        return
    resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32")
    for block in blocks:
        yield _to_int16(resampler.resample_chunk(block))
    yield _to_int16(resampler.resample_chunk(np.zeros(0, np.float32), last=True))


def _to_int16(block: NDArray[np.float32]) -> g711.Samples:
    # Exact for 16-bit sources: libsndfile divides by 32768.
    scaled = np.clip(np.rint(block * np.float32(32768)), -32768, 32767)
    return np.asarray(scaled, dtype=np.int16)


def main() -> None:
    """Convert as a child process: arguments source, kind, target; one JSON line as answer."""
    source, kind, target = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (_CHILD_MEMORY, _CHILD_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer: dict[str, int | str]
    try:
        answer = {"length": convert(Path(source), kind, Path(target))}  # type: ignore[arg-type]
    except UnusableAudio as error:
        answer = {"unusable": str(error)}
    except MemoryError:
        answer = {"unusable": "the file needs too much memory to decode"}
    except OSError as error:
        answer = {"errno": error.errno or 0, "failed": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
