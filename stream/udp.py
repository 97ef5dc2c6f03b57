"""The worker's one UDP socket: RTP of all its streams, told apart by Asterisk's address."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from stream import g711, rtp
from stream.udp_sockets import datagrams, pack_address

Receiver = Callable[[rtp.Packet], None]

_PACKET = rtp.HEADER_BYTES + g711.FRAME_BYTES
_ROUNDS = 16
# 5,000 packets, by the kernel's way of counting: 200 ms of 500 streams.
_BUFFER = 4 * 1024 * 1024
# The latter two are Linux' SO_RCVBUFFORCE and SO_SNDBUFFORCE: for who has CAP_NET_ADMIN, they
# go beyond net.core.rmem_max and wmem_max, which let some 500 packets wait.
_BUFFER_OPTIONS = (socket.SO_RCVBUF, socket.SO_SNDBUF, 33, 32)


class RtpSocket:
    """Socket with a table of peers; datagrams of others are dropped and counted."""

    def __init__(self, bind: str) -> None:
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        for option in _BUFFER_OPTIONS:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        self._socket.bind((bind, 0))
        self.port: int = self._socket.getsockname()[1]
        self._datagrams = datagrams(self._socket, _PACKET)
        self._peers: dict[bytes, Receiver] = {}
        self._packets: list[bytes] = []
        self._addresses: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._readable)
        self.unknown = 0
        self.malformed = 0
        self.unsent = 0

    def address(self, host: str, port: int) -> bytes:
        """Return a peer's address; raises `OSError` when it is none that this socket reaches."""
        return pack_address(self._socket.family, host, port)

    def register(self, peer: bytes, receiver: Receiver) -> None:
        """Give ``peer``'s packets to ``receiver``, instead of whoever had that port before."""
        self._peers[peer] = receiver

    def unregister(self, peer: bytes, receiver: Receiver) -> None:
        """Forget ``peer``, unless somebody else has it by now."""
        if self._peers.get(peer) == receiver:
            del self._peers[peer]

    def put(self, packet: bytes, peer: bytes) -> None:
        """Keep a packet, a header and a frame long, for the next `flush`."""
        self._packets.append(packet)
        self._addresses.append(peer)

    def flush(self) -> None:
        """Send what was put; what the kernel will not take is counted and gone, as UDP is."""
        if self._packets:
            sent = self._datagrams.send(self._packets, self._addresses)
            self.unsent += len(self._packets) - sent
            self._packets.clear()
            self._addresses.clear()

    def close(self) -> None:
        """Close the socket."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _readable(self) -> None:
        # All that waits, within reason: the WebSockets are read once a round of the loop too,
        # and a socket read by less than what comes in a round falls behind for good.
        for _ in range(_ROUNDS):
            found = self._datagrams.receive()
            for datagram, address in found:
                receiver = self._peers.get(address)
                if receiver is None:
                    self.unknown += 1
                    continue
                packet = rtp.parse(datagram)
                if packet is None:
                    self.malformed += 1
                    continue
                receiver(packet)
            if len(found) < self._datagrams.batch:
                return
