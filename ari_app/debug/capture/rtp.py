"""RTP flows of a capture: what was lost, and where nothing came (RFC 3550). Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ari_app.debug.capture.read import Address, Datagram

#: Shorter gaps are not told, seconds.
LEAST = 0.060
#: Samples a second of G.711 and of telephone events.
RATE = 8000
_HEADER = struct.Struct("!BBHII")
#: A jump further than that is a new beginning, not a loss.
_FURTHEST = 3000


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole of ``seconds`` that ended at ``at``; ``lost`` packets never came."""

    at: float
    seconds: float
    lost: int
    words: str


@dataclass(slots=True)
class Flow:
    """One SSRC from one address to another."""

    source: Address
    target: Address
    ssrc: int
    first: float
    last: float
    packets: int = 1
    lost: int = 0
    #: Seconds, as RFC 3550 §6.4.1 smooths it.
    jitter: float = 0.0
    gaps: list[Gap] = field(default_factory=list)
    sequence: int = 0
    timestamp: int = 0


def flows(datagrams: Iterable[Datagram], ends: set[Address]) -> list[Flow]:
    """Return the flows to one of these addresses, in order of their beginning."""
    found: dict[tuple[Address, Address, int], Flow] = {}
    for datagram in datagrams:
        if datagram.target not in ends or len(datagram.data) < _HEADER.size:
            continue
        first, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram.data)
        if first >> 6 != 2 or 64 <= kind & 0x7F <= 95:  # no RTP, or RTCP
            continue
        key = (datagram.source, datagram.target, ssrc)
        flow = found.get(key)
        if flow is None:
            found[key] = flow = Flow(*key, datagram.at, datagram.at)
        else:
            flow.gaps.extend(_step(flow, datagram.at, sequence, timestamp))
        if flow.packets == 1 or (sequence - flow.sequence) & 0xFFFF < _FURTHEST:
            flow.sequence, flow.timestamp, flow.last = sequence, timestamp, datagram.at
    return list(found.values())


def _step(flow: Flow, at: float, sequence: int, timestamp: int) -> Iterator[Gap]:
    """Count one more packet; a hole before it is told."""
    flow.packets += 1
    ahead = (sequence - flow.sequence) & 0xFFFF
    if not 0 < ahead < _FURTHEST:  # late, double, or a new beginning
        return
    lost = ahead - 1
    flow.lost += lost
    media = ((timestamp - flow.timestamp) & 0xFFFFFFFF) / RATE
    pause = at - flow.last
    flow.jitter += (abs(pause - media) - flow.jitter) / 16 if media < 1 else 0
    if lost and media > LEAST:
        yield Gap(at, media, lost, f"{lost} packets lost, {media * 1000:.0f} ms")
    elif not lost and media > LEAST:
        words = f"the sender's clock jumps by {media * 1000:.0f} ms, nothing lost"
        yield Gap(at, media, 0, words)
    elif not lost and pause > LEAST:
        yield Gap(at, pause, 0, f"nothing came for {pause * 1000:.0f} ms, nothing lost")
