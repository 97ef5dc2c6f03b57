"""The packets of one call out of a capture, as a capture of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dpkt

from ari_app.debug.capture.read import Address, CaptureError, Datagram, Frame, Piece, frames
from ari_app.debug.capture.sip import parse
from ari_app.debug.record import Item

#: Seconds around the call's items in which packets of its ports are its own.
_AROUND = 2.0
Pair = frozenset[Address]


@dataclass
class Wanted:
    """What makes a packet the call's: Call-IDs, pairs of RTP addresses, ends within Asterisk."""

    call_ids: set[str] = field(default_factory=set)
    pairs: set[Pair] = field(default_factory=set)
    ends: set[Address] = field(default_factory=set)
    begin: float = 0.0
    end: float = float("inf")

    def has(self, datagram: Datagram) -> bool:
        """Whether a datagram belongs to the call."""
        message = parse(datagram)
        if message is not None:
            return message.call_id in self.call_ids
        if not self.begin <= datagram.at <= self.end:
            return False
        return any(
            frozenset(pair) in self.pairs or not self.ends.isdisjoint(pair)
            for pair in (
                (datagram.source, datagram.target),
                (_of_rtcp(datagram.source), _of_rtcp(datagram.target)),
            )
        )


def _of_rtcp(address: Address) -> Address:
    """The RTP address to an RTCP one: the port before (RFC 3550 §11)."""
    return (address[0], address[1] - 1)


def wanted(items: Sequence[Item]) -> Wanted:
    """Learn from a call's items, joined with the capture, what its packets are."""
    times = [item.at for item in items]
    found = Wanted(begin=min(times) - _AROUND, end=max(times) + _AROUND)
    for item in items:
        data = item.data if isinstance(item.data, dict) else {}
        if item.kind == "sip":
            found.call_ids.update(item.linked)
        elif item.kind == "rtp" and item.type == "flow":
            pair = _address(data.get("source")), _address(data.get("target"))
            found.pairs.add(frozenset(pair))
        elif item.kind == "stream" and item.type == "open" and data.get("peer_port"):
            # Asterisk's end: the worker's is that of all its streams.
            found.ends.add((str(data.get("peer_host", "")), int(data["peer_port"])))
    return found


def _address(text: object) -> Address:
    host, _, port = str(text).rpartition(":")
    return host, int(port)


def chosen(packets: Iterable[Frame], what: Wanted) -> Iterator[Frame]:
    """Of all packets those of the call, later pieces of its datagrams too."""
    pieces: set[Piece] = set()
    for frame in packets:
        if frame.datagram is not None and what.has(frame.datagram):
            if frame.piece is not None:
                pieces.add(frame.piece)
            yield frame
        elif frame.datagram is None and frame.piece in pieces:
            yield frame


def export(items: Sequence[Item], source: Path, target: Path) -> int:
    """Write what of ``source`` belongs to the call whose joined items these are.

    Returns how many packets were written; without any there is no file. Raises CaptureError.
    """
    if target.exists() and target.samefile(source):
        raise CaptureError(f"{target}: would overwrite the capture that is read")
    found = list(chosen(frames(source), wanted(items)))
    if not found:
        return 0
    try:
        with target.open("wb") as file:
            writer = dpkt.pcap.Writer(file, linktype=found[0].link, snaplen=262_144)
            for frame in found:
                writer.writepkt(frame.raw, ts=frame.at)
    except OSError as error:
        raise CaptureError(f"{target}: {error.strerror}") from error
    return len(found)
