"""The connection of one WebSocket and the poller of all: the twin of stream/core in Python.

Nothing in here waits: a turn of the worker drains every socket at one go, and what a socket
does not take at once is kept until it does.
"""

from __future__ import annotations

import select
import socket
import ssl

from stream import frames
from stream.twin import Lane
from stream.ws_tls import Tls

READ_BYTES = 64 * 1024
"""Most that is read of one connection in a turn, so that a flood cannot hold up the others."""


class Wire:
    """One connection: frames out, bounded by whoever asks `unsent`; frames in, by callbacks."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._broken = False
        self._deaf: OSError | None = None
        self._tls: Tls | None = None
        self._reader = frames.FrameReader()
        self._waiting = bytearray()
        #: Who takes the bot's whole text messages, unless they come in fragments.
        self.lane: Lane | None = None
        self.fragmented = False

    # Said to whoever is connected.

    def on_frame(self, opcode: int, fin: bool, payload: bytes) -> None:
        """A frame came."""

    def on_violation(self, close_code: int, reason: str) -> None:
        """The server broke the protocol; nothing it sends is read any more."""

    def on_gone(self, reason: str) -> None:
        """The connection is gone."""

    def on_failure(self, error: BaseException) -> None:
        """Something in here is broken; the other connections go on."""

    def on_blocked(self, blocked: bool) -> None:
        """The socket takes no more for now, or does again."""

    def disconnect(self) -> None:
        """The poller closes: so must the socket."""

    # Said by whoever is connected.

    def attach(self, sock: socket.socket, tls: Tls | None) -> None:
        """Begin: the handshake is done."""
        self._socket = sock
        self._tls = tls
        self._broken = False
        self._deaf = None

    def detach(self) -> None:
        """End: forget the socket and what waits for it."""
        self._socket = None
        self._tls = None
        self.lane = None
        self._waiting.clear()
        self._reader = frames.FrameReader()

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        return len(self._waiting)

    def send_frame(self, opcode: int, payload: bytes) -> None:
        """Send a frame, or keep it until the socket takes it."""
        if self._socket is None:
            return
        data = frames.build(opcode, payload)
        if self._tls is not None:
            try:
                data = self._tls.encrypt(data)
            except ssl.SSLError as error:
                self.on_gone(f"TLS failed: {error.reason}")
                return
        self._send(data)

    def readable(self) -> None:
        """Read what has come (said by the poller)."""
        if self._socket is None:
            return
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.on_gone(_reason(error))
            return
        if not data:
            self.on_gone("" if self._deaf is None else _reason(self._deaf))
            return
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        """Take bytes of the wire."""
        if self._tls is None:
            self.take(data)
            return
        tls = self._tls
        try:
            for plain in tls.decrypt(data):
                self.take(plain)
        except ssl.SSLError as error:
            self.on_gone(f"TLS failed: {error.reason}")
            return
        reply = tls.pending()
        if reply:
            self._send(reply)
        if tls.ended:
            self.on_gone("")

    def take(self, data: bytes) -> None:
        """Take bytes of the WebSocket; what follows a violation is not looked at."""
        if self._broken:
            return
        try:
            for frame in self._reader.feed(data):
                if frame.opcode == frames.TEXT and frame.fin and self.lane and not self.fragmented:
                    self.lane.text(frame.payload)
                else:
                    self.on_frame(*frame)
                if self._socket is None:
                    return
        except frames.FrameError as error:
            self._broken = True
            self.on_violation(error.close_code, str(error))

    def writable(self) -> None:
        """Send what waits (said by the poller)."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        self._send(waiting)
        if not self._waiting:
            self.on_blocked(False)

    def _send(self, data: bytes) -> None:
        if self._socket is None or self._deaf is not None:
            return
        if not self._waiting:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            except (BrokenPipeError, ConnectionResetError) as error:
                # What the server sent before is still to be read: its close perhaps. The end of
                # that is where the connection is found to be gone.
                self._deaf = error
                return
            except OSError as error:
                self.on_gone(_reason(error))
                return
            if sent == len(data):
                return
            data = data[sent:]
            self.on_blocked(True)
        self._waiting += data


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


class Poller:
    """All connections of a worker; level-triggered, and never waiting."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._wires: dict[int, Wire] = {}

    def __len__(self) -> int:
        return len(self._wires)

    def add(self, fd: int, wire: Wire) -> None:
        """Read ``wire`` in every `poll`."""
        self._epoll.register(fd, select.EPOLLIN)
        self._wires[fd] = wire

    def block(self, fd: int, blocked: bool) -> None:
        """Look out for room to write, or not any more."""
        if fd in self._wires:
            self._epoll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if blocked else 0))

    def remove(self, fd: int) -> None:
        """Forget a connection; to be said before its socket is closed."""
        if self._wires.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def poll(self) -> None:
        """Read and write what can be, once each."""
        for fd, events in self._epoll.poll(0, len(self._wires) or 1):
            wire = self._wires.get(fd)
            if wire is None:
                continue
            try:
                if events & select.EPOLLOUT:
                    wire.writable()
                if events & ~select.EPOLLOUT:
                    wire.readable()
            except Exception as error:  # one broken stream must not stop the others
                wire.on_failure(error)

    def close(self) -> None:
        """Close it, and all connections that are left."""
        for wire in list(self._wires.values()):
            wire.disconnect()
        self._epoll.close()
