"""The G.711 bytes of a RIFF/WAVE file, read without any conversion.

libsndfile would decode them, and µ-law's two zeros (0x7F and 0xFF) would become one.
Source: Microsoft "Multiple Channel Audio Data and WAVE Files", RFC 2361 (format tags).
"""

from __future__ import annotations

import struct
from typing import IO, Literal, NamedTuple

_EXTENSIBLE = 0xFFFE
_MAX_CHUNKS = 1000

Law = Literal["ulaw", "alaw"]
_TAGS: dict[int, Law] = {6: "alaw", 7: "ulaw"}


class G711Data(NamedTuple):
    """Where the samples of a G.711 WAV lie: byte ``offset`` and ``size`` within the file."""

    law: Law
    offset: int
    size: int


def find_g711(file: IO[bytes], file_size: int) -> G711Data | None:
    """Find the data chunk of an 8 kHz mono G.711 WAV; None for any other kind of file.

    Sizes in the headers are claims: a data chunk that says more than the file holds (a streamed
    or truncated file, or a lie) ends with the file.
    """
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return None
    law: Law | None = None
    position = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        position += 8
        if name == b"fmt ":
            law = _law(file.read(min(size, 40)))
            if law is None:
                return None
        elif name == b"data":
            if law is None:
                return None
            return G711Data(law, position, min(size, file_size - position))
        position += size + (size & 1)
        if position >= file_size:
            return None
    return None


def _law(fmt: bytes) -> Law | None:
    if len(fmt) < 16:
        return None
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fmt[:16])
    if tag == _EXTENSIBLE and len(fmt) >= 26:
        tag = struct.unpack("<H", fmt[24:26])[0]
    if (channels, rate, bits) != (1, 8000, 8):
        return None
    return _TAGS.get(tag)
