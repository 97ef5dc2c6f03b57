"""G.711 µ-law and A-law: silence, and conversion by table (ITU-T G.711).

One table look-up a byte: what goes through equals decoding to linear and encoding again, which
is also what Asterisk would do, but without a transcoder in the call's path.
"""

from __future__ import annotations

FRAME_BYTES = 160
"""Bytes, samples and RTP timestamp units of one 20 ms frame at 8 kHz."""

ULAW_SILENCE = 0xFF
ALAW_SILENCE = 0xD5
SILENT_FRAME = bytes([ULAW_SILENCE]) * FRAME_BYTES

PT_PCMU = 0
PT_PCMA = 8
"""Static RTP payload types (RFC 3551 §6)."""

_ULAW_BIAS = 33 << 2
_ULAW_MAX = 0x1FFF  # greatest biased 14-bit magnitude


def ulaw_to_linear(code: int) -> int:
    """Return the 16-bit sample of a µ-law code (14 significant bits, left-justified)."""
    code = ~code & 0xFF
    magnitude = ((((code & 0x0F) << 3) + _ULAW_BIAS) << (code >> 4 & 7)) - _ULAW_BIAS
    return -magnitude if code & 0x80 else magnitude


def alaw_to_linear(code: int) -> int:
    """Return the 16-bit sample of an A-law code (13 significant bits, left-justified)."""
    code ^= 0x55
    segment = code >> 4 & 7
    magnitude = (code & 0x0F) << 4 | 8
    if segment:
        magnitude = (magnitude | 0x100) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


def linear_to_ulaw(sample: int) -> int:
    """Return the µ-law code of a 16-bit sample."""
    sign = 0x80 if sample < 0 else 0
    # Negative samples are shifted before their sign is taken away, as the reference code does,
    # so that both signs round the same way.
    sample >>= 2
    magnitude = min((-sample if sign else sample) + (_ULAW_BIAS >> 2), _ULAW_MAX)
    segment = magnitude.bit_length() - 6
    return ~(sign | segment << 4 | (magnitude >> (segment + 1)) & 0x0F) & 0xFF


def linear_to_alaw(sample: int) -> int:
    """Return the A-law code of a 16-bit sample."""
    sample >>= 3
    if sample >= 0:
        mask = 0xD5
    else:
        mask = 0x55
        sample = -sample - 1
    segment = max(sample.bit_length() - 5, 0)
    if segment > 7:
        return 0x7F ^ mask
    shift = 1 if segment < 2 else segment
    return (segment << 4 | (sample >> shift) & 0x0F) ^ mask


ALAW_TO_ULAW = bytes(linear_to_ulaw(alaw_to_linear(code)) for code in range(256))
ULAW_TO_ALAW = bytes(linear_to_alaw(ulaw_to_linear(code)) for code in range(256))
"""For ``bytes.translate``: 0.15 µs a frame."""
