"""RTP packets, as far as G.711 needs them (RFC 3550 §5.1)."""

from __future__ import annotations

import struct

import msgspec

HEADER_BYTES = 12

_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")
_VERSION_2 = 0x80


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One RTP packet without its CSRC list, extension and padding."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(datagram: bytes) -> Packet | None:
    """Return the packet in ``datagram``, or None when it is no well-formed RTP version 2.

    Header extension and padding are skipped, not interpreted (RFC 3550 §5.1, §5.3.1).
    """
    end = len(datagram)
    if end < HEADER_BYTES:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if first == _VERSION_2:  # the whole of what Asterisk sends
        return Packet(
            second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, datagram[HEADER_BYTES:]
        )
    if first & 0xC0 != _VERSION_2:
        return None
    start = HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > end:
            return None
        start += 4 + 4 * _EXTENSION.unpack_from(datagram, start)[1]
    if first & 0x20:
        if start >= end or datagram[-1] == 0:
            return None
        end -= datagram[-1]
    if start > end:
        return None
    return Packet(second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, datagram[start:end])


def build(
    payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes
) -> bytes:
    """Return a packet with the plain 12-byte header; counters must already fit their fields."""
    second = payload_type | 0x80 if marker else payload_type
    return _HEADER.pack(_VERSION_2, second, sequence, timestamp, ssrc) + payload
