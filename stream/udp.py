"""The worker's one UDP socket: RTP of all its streams, told apart by Asterisk's address."""

from __future__ import annotations

import contextlib
import socket
from typing import TypeVar

from stream.hot import Batch
from stream.twin import Receiver, Ticked
from stream.udp_sockets import pack_address

L = TypeVar("L", bound=Ticked)

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
        self._batch = Batch(self._socket)
        self._peers: dict[bytes, Receiver] = {}

    @property
    def counts(self) -> Batch:
        """Datagrams ``received``, ``unknown``, ``malformed``, ``sent`` and ``unsent``."""
        return self._batch

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

    def tick(self, lanes: list[L]) -> list[L]:
        """Send the frame due of each lane, let the others tick; return who has marks pending.

        What the kernel will not take is counted and gone, as UDP is.
        """
        return self._batch.tick(lanes)

    def late(self, lanes: list[L]) -> list[L]:
        """Send the frames that lanes owe and have by now; return who has marks pending."""
        return self._batch.late(lanes)

    def readable(self) -> None:
        """Give what waits to whom it is for."""
        self._batch.receive(self._peers)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
