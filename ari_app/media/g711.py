"""G.711 for whole files: 16-bit samples to and from µ-law and A-law by table.

The tables are computed as the ITU's own reference software does (ITU-T G.191 Software Tools
Library, ``ulaw_compress`` and ``alaw_compress``). SoX, FFmpeg, libsndfile and Python's former
``audioop`` agree with it everywhere but on samples at, or next to, a decision value; see
``docs/audio.md`` for the counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Samples = NDArray[np.int16]

FRAME = 160
"""Bytes of one 20 ms frame."""
ULAW_SILENCE = 0xFF
ALAW_SILENCE = 0xD5


def _ulaw_encode_table() -> Bytes:
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    negative = sample < 0
    # One's complement, as G.191: -1 is the negative zero 0x7F.
    magnitude = np.minimum((np.where(negative, ~sample, sample) >> 2) + 33, 0x1FFF)
    segment = np.log2(magnitude).astype(np.int32) - 5
    code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0F)
    return np.asarray((~code & 0x7F) | np.where(negative, 0x00, 0x80), dtype=np.uint8)


def _alaw_encode_table() -> Bytes:
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    negative = sample < 0
    magnitude = np.where(negative, ~sample, sample) >> 4
    segment = np.maximum(np.log2(np.maximum(magnitude, 1)).astype(np.int32) - 3, 0)
    code = np.where(
        magnitude < 16,
        magnitude,
        (segment << 4) | ((magnitude >> np.maximum(segment - 1, 0)) & 0x0F),
    )
    return ((code | np.where(negative, 0x00, 0x80)) ^ 0x55).astype(np.uint8)


def _ulaw_decode_table() -> Samples:
    code = ~np.arange(256, dtype=np.int32)
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_decode_table() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment = (code >> 4) & 7
    low = ((code & 0x0F) << 4) + 8
    magnitude = np.where(segment == 0, low, (low + 0x100) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_ULAW_ENCODE = _ulaw_encode_table()
_ALAW_ENCODE = _alaw_encode_table()
_ULAW_DECODE = _ulaw_decode_table()
_ALAW_DECODE = _alaw_decode_table()


def ulaw_encode(samples: Samples) -> bytes:
    """Return one µ-law byte per 16-bit sample."""
    return _ULAW_ENCODE[samples.view(np.uint16)].tobytes()


def alaw_encode(samples: Samples) -> bytes:
    """Return one A-law byte per 16-bit sample."""
    return _ALAW_ENCODE[samples.view(np.uint16)].tobytes()


def ulaw_decode(data: bytes) -> Samples:
    """Return one 16-bit sample per µ-law byte."""
    return _ULAW_DECODE[np.frombuffer(data, np.uint8)]


def alaw_decode(data: bytes) -> Samples:
    """Return one 16-bit sample per A-law byte."""
    return _ALAW_DECODE[np.frombuffer(data, np.uint8)]
