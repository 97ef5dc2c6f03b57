"""RTP packets as a test sees them: parse, build, and judge a received stream.

Written apart from the ``stream`` room on purpose: the two are each other's independent check.
Source: RFC 3550 §5.1 (header), RFC 3551 (payload types 0 and 8), RFC 4733 (telephone events).
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Law = Literal["ulaw", "alaw"]

FRAME_BYTES = 160
FRAME_SECONDS = 0.02
SAMPLE_RATE = 8000
PAYLOAD_TYPES: dict[Law, int] = {"ulaw": 0, "alaw": 8}
EVENT_PAYLOAD_TYPE = 101
DIGITS = "0123456789*#ABCD"

# The two codes nearest to zero on each side: what any encoder may write for digital silence.
_QUIET = {0: bytes((0xFF, 0x7F, 0xFE, 0x7E)), 8: bytes((0xD5, 0x55, 0xD4, 0x54))}


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One received or captured packet. ``arrived`` is seconds on the receiver's clock."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    arrived: float
    source: tuple[str, int] = ("", 0)
    target: tuple[str, int] = ("", 0)

    @property
    def is_audio(self) -> bool:
        """Whether the payload is G.711 (PCMU or PCMA)."""
        return self.payload_type in _QUIET

    @property
    def is_silent(self) -> bool:
        """Whether every sample is digital silence."""
        return self.is_audio and not self.payload.translate(None, _QUIET[self.payload_type])


def parse(data: bytes, arrived: float, source: tuple[str, int]) -> RtpPacket | None:
    """Read one datagram; None when it is no RTP version 2 packet (RTCP included)."""
    if len(data) < 12 or data[0] >> 6 != 2 or 192 <= data[1] <= 223:
        return None
    flags, kind, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
    start = 12 + 4 * (flags & 0x0F)
    if flags & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    end = len(data) - (data[-1] if flags & 0x20 else 0)
    if start > end:
        return None
    return RtpPacket(
        payload_type=kind & 0x7F,
        marker=bool(kind & 0x80),
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=data[start:end],
        arrived=arrived,
        source=source,
    )


def build(
    payload: bytes, *, payload_type: int, sequence: int, timestamp: int, ssrc: int, marker: bool
) -> bytes:
    """Return the datagram for one packet; the counters wrap as RFC 3550 says."""
    kind = payload_type | (0x80 if marker else 0)
    return (
        struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload
    )


@dataclass(frozen=True, slots=True)
class RtpReport:
    """How whole a received stream is, by sequence number; packets of all SSRCs together."""

    packets: int
    lost: int
    duplicated: int
    reordered: int
    ssrcs: int
    timestamp_jumps: int

    @property
    def whole(self) -> bool:
        """One source, nothing lost, doubled or swapped.

        Its timestamps may jump over time in which nothing was sent, as between two sounds.
        """
        return self.ssrcs <= 1 and not (self.lost or self.duplicated or self.reordered)

    @property
    def clean(self) -> bool:
        """Whole, and nothing skipped in time."""
        return self.whole and not self.timestamp_jumps


def unwrap(packets: Iterable[RtpPacket]) -> dict[int, dict[int, RtpPacket]]:
    """Return SSRC → extended sequence number → first packet seen with it, in arrival order."""
    streams: dict[int, dict[int, RtpPacket]] = {}
    newest: dict[int, int] = {}
    for packet in packets:
        last = newest.get(packet.ssrc, packet.sequence)
        extended = last + ((packet.sequence - last + 0x8000) & 0xFFFF) - 0x8000
        newest[packet.ssrc] = max(last, extended)
        streams.setdefault(packet.ssrc, {}).setdefault(extended, packet)
    return streams


def audio_of(packets: Iterable[RtpPacket]) -> bytes:
    """Join the G.711 payloads in sequence order, doubles left out, SSRCs one after the other."""
    return b"".join(
        stream[number].payload
        for stream in unwrap(packets).values()
        for number in sorted(stream)
        if stream[number].is_audio
    )


def report_of(packets: Sequence[RtpPacket]) -> RtpReport:
    """Judge a stream. Timestamp jumps are audio packets that do not follow their forerunner."""
    streams = unwrap(packets)
    lost = reordered = jumps = 0
    for stream in streams.values():
        numbers = sorted(stream)
        lost += numbers[-1] - numbers[0] + 1 - len(numbers)
        highest = numbers[0] - 1
        for number in stream:
            reordered += number < highest
            highest = max(highest, number)
        for before, after in itertools.pairwise(numbers):
            one, two = stream[before], stream[after]
            if after == before + 1 and one.is_audio and two.is_audio:
                jumps += (two.timestamp - one.timestamp) & 0xFFFFFFFF != len(one.payload)
    return RtpReport(
        packets=len(packets),
        lost=lost,
        duplicated=len(packets) - sum(len(stream) for stream in streams.values()),
        reordered=reordered,
        ssrcs=len(streams),
        timestamp_jumps=jumps,
    )


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch in which nothing was heard, in seconds on the receiver's clock."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length of the stretch."""
        return self.end - self.start


def silences_of(packets: Iterable[RtpPacket], minimum: float = 0.06) -> list[Silence]:
    """Find stretches of silent frames or of no frames at all that last ``minimum`` seconds."""
    found: list[Silence] = []
    heard_until: float | None = None
    latest = 0.0
    for packet in packets:
        if not packet.is_audio:
            continue
        latest = packet.arrived
        heard_until = packet.arrived if heard_until is None else heard_until
        if not packet.is_silent:
            if packet.arrived - heard_until >= minimum:
                found.append(Silence(heard_until, packet.arrived))
            heard_until = packet.arrived + len(packet.payload) / SAMPLE_RATE
    if heard_until is not None and latest + FRAME_SECONDS - heard_until >= minimum:
        found.append(Silence(heard_until, latest + FRAME_SECONDS))
    return found


def event_packets(
    digit: str, milliseconds: int, *, frame_ms: int = 20, end_copies: int = 3
) -> list[bytes]:
    """Return the RFC 4733 payloads of one key press, the end packet ``end_copies`` times."""
    code = DIGITS.index(digit.upper())
    total = milliseconds * SAMPLE_RATE // 1000
    step = frame_ms * SAMPLE_RATE // 1000
    volume = 10
    payloads = [struct.pack("!BBH", code, volume, n) for n in range(step, total, step)]
    return payloads + [struct.pack("!BBH", code, 0x80 | volume, total)] * end_copies
