"""The samples of the plainest RIFF/WAVE files, found without a decoder.

libsndfile would decode G.711, and µ-law's two zeros (0x7F and 0xFF) would become one.
Source: Microsoft "Multiple Channel Audio Data and WAVE Files", RFC 2361 (format tags).
"""

from __future__ import annotations

import struct
from typing import IO, Literal, NamedTuple

Coding = Literal["pcm16", "ulaw", "alaw"]

_CODINGS: dict[tuple[int, int], Coding] = {(1, 16): "pcm16", (6, 8): "alaw", (7, 8): "ulaw"}
_EXTENSIBLE = 0xFFFE
_MAX_CHUNKS = 1000


class Plain(NamedTuple):
    """Where the samples lie: byte ``offset`` and ``size`` within the file; ``rate`` in Hz."""

    coding: Coding
    rate: int
    channels: int
    offset: int
    size: int


def find_plain(file: IO[bytes], file_size: int) -> Plain | None:
    """Find the samples of a 16-bit PCM WAV, or of a G.711 one at 8 kHz mono; else None.

    Sizes in the headers are claims: a data chunk that says more than the file holds (a streamed
    or truncated file, or a lie) ends with the file.
    """
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return None
    found: tuple[Coding, int, int] | None = None
    position = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        position += 8
        if name == b"fmt ":
            found = _format(file.read(min(size, 40)))
            if found is None:
                return None
        elif name == b"data":
            if found is None:
                return None
            return Plain(*found, position, min(size, file_size - position))
        position += size + (size & 1)
        if position >= file_size:
            return None
    return None


def _format(fmt: bytes) -> tuple[Coding, int, int] | None:
    if len(fmt) < 16:
        return None
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fmt[:16])
    if tag == _EXTENSIBLE and len(fmt) >= 26:
        tag = struct.unpack("<H", fmt[24:26])[0]
    coding = _CODINGS.get((tag, bits))
    if coding is None or (coding != "pcm16" and (channels, rate) != (1, 8000)):
        return None
    return coding, rate, channels
