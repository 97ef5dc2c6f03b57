"""Bots that a stream worker's other streams must not notice; each serves on a thread of its own."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CHUNK = 64 * 1024

Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """Yield the URL of a port where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"ws://127.0.0.1:{sock.getsockname()[1]}/"


@contextlib.contextmanager
def unresolved() -> Iterator[str]:
    """Yield a URL whose host has no address."""
    yield "ws://no-such-host.invalid/"


def stalling() -> contextlib.AbstractContextManager[str]:
    """Yield the URL of a bot that accepts and never reads."""
    over = threading.Event()

    def serve(conn: socket.socket) -> None:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        over.wait()

    return _server(serve, over)


def flooding() -> contextlib.AbstractContextManager[str]:
    """Yield the URL of a bot that sends media as fast as it is read, and reads nothing."""
    over = threading.Event()
    payload = base64.b64encode(bytes(160)).decode()
    text = json.dumps({"event": "media", "media": {"payload": payload}}).encode()
    frame = b"\x81\x7e" + len(text).to_bytes(2, "big") + text
    chunk = frame * (_CHUNK // len(frame))

    def serve(conn: socket.socket) -> None:
        while not over.is_set():
            conn.sendall(chunk)

    return _server(serve, over)


@contextlib.contextmanager
def _server(serve: Serve, over: threading.Event) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, serve), daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        over.set()


def _accept(listener: socket.socket, serve: Serve) -> None:
    with contextlib.suppress(OSError):
        conn, _ = listener.accept()
        with conn:
            head = b""
            while b"\r\n\r\n" not in head:
                head += conn.recv(4096)
            key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
            accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
            conn.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            serve(conn)
