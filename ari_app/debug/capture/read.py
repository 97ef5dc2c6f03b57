"""A capture file → UDP datagrams."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import dpkt

#: What may stand before IP, by the file's link type (tcpdump.org/linktypes).
_LINKS: dict[int, Any] = {
    dpkt.pcap.DLT_EN10MB: dpkt.ethernet.Ethernet,
    dpkt.pcap.DLT_LINUX_SLL: dpkt.sll.SLL,
    dpkt.pcap.DLT_LINUX_SLL2: dpkt.sll2.SLL2,
    dpkt.pcap.DLT_NULL: dpkt.loopback.Loopback,
    dpkt.pcap.DLT_LOOP: dpkt.loopback.Loopback,
}
_RAW = (12, 14, 101, dpkt.pcap.DLT_RAW)

Address = tuple[str, int]


#: Identifies the pieces of one datagram: source, target, and IP's own number.
Piece = tuple[bytes, bytes, int]


class CaptureError(Exception):
    """The file is no capture that can be read."""


class Datagram(NamedTuple):
    """One UDP datagram; ``at`` in unix seconds."""

    at: float
    source: Address
    target: Address
    data: bytes


class Frame(NamedTuple):
    """One packet as it was captured: bytes of the link, and the datagram in it or its piece.

    ``datagram`` is None where it is another protocol, or a later piece of a datagram. ``piece``
    tells which pieces belong together; None of a datagram in one piece.
    """

    at: float
    link: int
    raw: bytes
    datagram: Datagram | None
    piece: Piece | None


def read(path: Path) -> list[Datagram]:
    """Read pcap or pcapng; what is no whole UDP datagram is passed over. Raises CaptureError."""
    return [frame.datagram for frame in frames(path) if frame.datagram is not None]


def frames(path: Path) -> Iterator[Frame]:
    """Read pcap or pcapng, packet by packet. Raises CaptureError."""
    try:
        with path.open("rb") as file:
            yield from _frames(file)
    except (OSError, ValueError, dpkt.dpkt.Error) as error:
        raise CaptureError(f"{path}: {error or type(error).__name__}") from error


def _frames(file: IO[bytes]) -> Iterator[Frame]:
    reader = dpkt.pcap.UniversalReader(file)
    link = reader.datalink()
    if link not in _LINKS and link not in _RAW:
        raise ValueError(f"frames of link type {link} are not known")
    for at, raw in reader:
        try:
            packet = _ip(raw) if link in _RAW else _LINKS[link](raw).data
        except (dpkt.dpkt.Error, ValueError, IndexError):
            continue  # cut off, or not IP
        datagram, piece = None, None
        if isinstance(packet, dpkt.ip.IP) and (packet.mf or packet.offset):
            piece = (packet.src, packet.dst, packet.id)
        if isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6) and isinstance(packet.data, dpkt.udp.UDP):
            udp = packet.data
            datagram = Datagram(
                float(at),
                (_name(packet.src), udp.sport),
                (_name(packet.dst), udp.dport),
                bytes(udp.data),
            )
        yield Frame(float(at), link, raw, datagram, piece)


def _ip(frame: bytes) -> Any:
    return dpkt.ip6.IP6(frame) if frame[0] >> 4 == 6 else dpkt.ip.IP(frame)


def _name(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)
