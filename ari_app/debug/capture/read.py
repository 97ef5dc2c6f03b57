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


class CaptureError(Exception):
    """The file is no capture that can be read."""


class Datagram(NamedTuple):
    """One UDP datagram; ``at`` in unix seconds."""

    at: float
    source: Address
    target: Address
    data: bytes


def read(path: Path) -> list[Datagram]:
    """Read pcap or pcapng; what is no whole UDP datagram is passed over. Raises CaptureError."""
    try:
        with path.open("rb") as file:
            return list(_datagrams(file))
    except (OSError, ValueError, dpkt.dpkt.Error) as error:
        raise CaptureError(f"{path}: {error or type(error).__name__}") from error


def _datagrams(file: IO[bytes]) -> Iterator[Datagram]:
    reader = dpkt.pcap.UniversalReader(file)
    link = reader.datalink()
    if link not in _LINKS and link not in _RAW:
        raise ValueError(f"frames of link type {link} are not known")
    for at, frame in reader:
        try:
            packet = _ip(frame) if link in _RAW else _LINKS[link](frame).data
        except (dpkt.dpkt.Error, ValueError, IndexError):
            continue  # cut off, or not IP
        if isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6) and isinstance(packet.data, dpkt.udp.UDP):
            udp = packet.data
            yield Datagram(
                float(at),
                (_name(packet.src), udp.sport),
                (_name(packet.dst), udp.dport),
                bytes(udp.data),
            )


def _ip(frame: bytes) -> Any:
    return dpkt.ip6.IP6(frame) if frame[0] >> 4 == 6 else dpkt.ip.IP(frame)


def _name(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)
