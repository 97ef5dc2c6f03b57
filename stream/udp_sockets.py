"""Datagrams of a UDP socket, many a system call where Linux has them: twin of stream/core.

recvmmsg(2) and sendmmsg(2) are reached through ctypes, over structures that are laid out once.
`PlainSocket` does the same with Python's own calls, for other systems.

An address is bytes: the sockaddr as the kernel writes it, so that a peer is found by what was
received, with no text made of it.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar, cast

from stream import g711, rtp
from stream.twin import Lane, Receiver, Ticked

L = TypeVar("L", bound=Ticked)

Datagram = tuple[bytes, bytes]
"""What came, and the address it came from."""

_BATCH = 128
_ROUNDS = 16
_DATAGRAM = 16 * 1024
_V6 = struct.Struct("=H2s4x16s4x")
_V4 = struct.Struct("=H2s4s8x")


def pack_address(family: int, host: str, port: int) -> bytes:
    """Return a sockaddr_in or sockaddr_in6; raises `OSError` when ``host`` is none of family."""
    layout = _V6 if family == socket.AF_INET6 else _V4
    return layout.pack(family, port.to_bytes(2, "big"), socket.inet_pton(family, host))


class Datagrams(Protocol):
    """What both kinds of socket can do; neither blocks nor raises."""

    batch: int

    def receive(self) -> list[Datagram]:
        """Return what waits, at most ``batch`` datagrams."""

    def send(self, packets: Sequence[bytes], addresses: Sequence[bytes]) -> int:
        """Send each packet to its address; return how many the kernel took."""


def datagrams(sock: socket.socket, size: int) -> Datagrams:
    """Return the best there is for ``sock``; all packets sent through it have ``size`` bytes."""
    try:
        return BatchSocket(sock, size)
    except AttributeError:  # the C library has no such calls
        return PlainSocket(sock)


class PlainSocket:
    """A system call a datagram."""

    batch = _BATCH

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def receive(self) -> list[Datagram]:
        """Return what waits (see `Datagrams`)."""
        family = self._socket.family
        found: list[Datagram] = []
        try:
            while len(found) < self.batch:
                data, address = self._socket.recvfrom(_DATAGRAM)
                found.append((data, pack_address(family, *address[:2])))
        except OSError:
            pass
        return found

    def send(self, packets: Sequence[bytes], addresses: Sequence[bytes]) -> int:
        """Send each packet to its address (see `Datagrams`)."""
        family = self._socket.family
        layout = _V6 if family == socket.AF_INET6 else _V4
        sent = 0
        for packet, address in zip(packets, addresses, strict=True):
            _, port, host = layout.unpack(address)
            try:
                self._socket.sendto(
                    packet, (socket.inet_ntop(family, host), int.from_bytes(port, "big"))
                )
                sent += 1
            except OSError:
                pass
        return sent


class _Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vectors_size", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """struct mmsghdr: ``length`` is that of what was received."""

    _fields_ = (("header", _Header), ("length", ctypes.c_uint32))


_MESSAGE = ctypes.sizeof(_Message)


class _Table:
    """Room for a batch of datagrams of up to ``size`` bytes, laid out for the kernel."""

    def __init__(self, size: int, address_size: int) -> None:
        self.data = (ctypes.c_char * (_BATCH * size))()
        self.addresses = (ctypes.c_char * (_BATCH * address_size))()
        self.messages = (_Message * _BATCH)()
        self._vectors = (_Vector * _BATCH)()
        for row in range(_BATCH):
            vector = self._vectors[row]
            vector.base = ctypes.addressof(self.data) + row * size
            vector.size = size
            message = self.messages[row].header
            message.name = ctypes.addressof(self.addresses) + row * address_size
            message.name_size = address_size
            message.vectors = ctypes.pointer(vector)
            message.vectors_size = 1
        self.start = ctypes.addressof(self.messages)


class BatchSocket:
    """A system call a batch. Raises `AttributeError` when the C library has none."""

    batch = _BATCH

    def __init__(self, sock: socket.socket, size: int) -> None:
        # PyDLL: the calls do not block, so the interpreter's lock need not be let go of.
        library = ctypes.PyDLL(None)
        self._recvmmsg, self._sendmmsg = library.recvmmsg, library.sendmmsg
        self._recvmmsg.argtypes = (
            ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p,
        )  # fmt: skip
        self._sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
        self._fd = sock.fileno()
        address_size = (_V6 if sock.family == socket.AF_INET6 else _V4).size
        self._in = _Table(_DATAGRAM, address_size)
        self._out = _Table(size, address_size)
        words = memoryview(self._in.messages).cast("B").cast("I")
        self._lengths = words[_Message.length.offset // 4 :: _MESSAGE // 4]
        self._rows = [
            (row, row * _DATAGRAM, slice(row * address_size, (row + 1) * address_size))
            for row in range(_BATCH)
        ]

    def receive(self) -> list[Datagram]:
        """Return what waits (see `Datagrams`)."""
        count = self._recvmmsg(self._fd, self._in.start, _BATCH, 0, None)
        if count <= 0:
            return []
        # A slice of a ctypes char array is bytes, which its stubs do not know.
        data, addresses = cast("bytes", self._in.data), cast("bytes", self._in.addresses)
        lengths = self._lengths
        return [
            (data[start : start + lengths[row]], addresses[address])
            for row, start, address in self._rows[:count]
        ]

    def send(self, packets: Sequence[bytes], addresses: Sequence[bytes]) -> int:
        """Send each packet to its address (see `Datagrams`)."""
        sent = 0
        for first in range(0, len(packets), _BATCH):
            data = b"".join(packets[first : first + _BATCH])
            names = b"".join(addresses[first : first + _BATCH])
            ctypes.memmove(self._out.data, data, len(data))
            ctypes.memmove(self._out.addresses, names, len(names))
            sent += self._flush(len(packets[first : first + _BATCH]))
        return sent

    def _flush(self, count: int) -> int:
        at = unsent = 0
        while at < count:
            done = self._sendmmsg(self._fd, self._out.start + at * _MESSAGE, count - at, 0)
            if done <= 0:  # the first one is refused: go on with those after it
                done = 1
                unsent += 1
            at += done
        return count - unsent


def _late(lane: object) -> bytes | None:
    return lane.late() if isinstance(lane, Lane) else None


class Batch:
    """All RTP of a worker, in and out; the twin of the compiled core's."""

    def __init__(self, sock: socket.socket) -> None:
        self._datagrams = datagrams(sock, rtp.HEADER_BYTES + g711.FRAME_BYTES)
        self.unknown = 0
        self.malformed = 0
        self.unsent = 0
        self.received = 0
        self.sent = 0

    def receive(self, peers: Mapping[bytes, Receiver]) -> None:
        """Give all that waits, within reason, to whom it is for."""
        # The WebSockets are read once a turn too, and a socket read by less than what comes in
        # a turn falls behind for good.
        for _ in range(_ROUNDS):
            found = self._datagrams.receive()
            self.received += len(found)
            for data, address in found:
                receiver = peers.get(address)
                if receiver is None:
                    self.unknown += 1
                    continue
                try:
                    if not receiver.datagram(data):
                        self.malformed += 1
                except Exception as error:  # one broken stream must not stop the others
                    receiver.failed(error)
            if len(found) < self._datagrams.batch:
                return

    def tick(self, lanes: Sequence[L]) -> list[L]:
        """A frame of each lane is due, and the others tick; return who sent and has marks."""
        return self._send_each(lanes, lambda lane: lane.tick())

    def late(self, lanes: Sequence[L]) -> list[L]:
        """Send what lanes owe and have by now; return who sent and has marks pending."""
        owing: list[L] = [
            lane for lane in lanes if isinstance(lane, Lane) and (lane.owes or lane.swallowed)
        ]
        return self._send_each(owing, _late) if owing else []

    def _send_each(self, lanes: Sequence[L], write: Callable[[L], object]) -> list[L]:
        packets: list[bytes] = []
        addresses: list[bytes] = []
        marked: list[L] = []
        for lane in lanes:
            try:
                frame = write(lane)
            except Exception as error:  # nor its clock
                lane.failed(error)
                continue
            if isinstance(lane, Lane) and isinstance(frame, bytes) and lane.peer is not None:
                packets.append(lane.sender.packet(frame))
                addresses.append(lane.peer)
                if lane.playout.marks:
                    marked.append(lane)
        sent = self._datagrams.send(packets, addresses)
        self.sent += sent
        self.unsent += len(packets) - sent
        return marked
