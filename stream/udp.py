"""The worker's one UDP socket: RTP of all its streams, told apart by Asterisk's address."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from stream import rtp

Peer = tuple[str, int]
Receiver = Callable[[rtp.Packet], None]

_BATCH = 64
_DATAGRAM = 16 * 1024
_BUFFER = 4 * 1024 * 1024


class RtpSocket:
    """Socket with a table of peers; datagrams of others are dropped and counted."""

    def __init__(self, bind: str) -> None:
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        self._socket.bind((bind, 0))
        self.port: int = self._socket.getsockname()[1]
        self._peers: dict[Peer, Receiver] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._readable)
        self.unknown = 0
        self.malformed = 0
        self.unsent = 0

    def register(self, peer: Peer, receiver: Receiver) -> None:
        """Give ``peer``'s packets to ``receiver``, instead of whoever had that port before."""
        self._peers[peer] = receiver

    def unregister(self, peer: Peer, receiver: Receiver) -> None:
        """Forget ``peer``, unless somebody else has it by now."""
        if self._peers.get(peer) == receiver:
            del self._peers[peer]

    def send(self, packet: bytes, peer: Peer) -> None:
        """Send one packet; what the kernel will not take is counted and gone, as UDP is."""
        try:
            self._socket.sendto(packet, peer)
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        """Close the socket."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _readable(self) -> None:
        receive = self._socket.recvfrom
        peers = self._peers
        for _ in range(_BATCH):
            try:
                datagram, address = receive(_DATAGRAM)
            except OSError:
                return
            receiver = peers.get(address[:2])
            if receiver is None:
                self.unknown += 1
                continue
            packet = rtp.parse(datagram)
            if packet is None:
                self.malformed += 1
                continue
            receiver(packet)
