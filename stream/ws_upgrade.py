"""From a TCP connection to a WebSocket: TLS, the upgrade request and its answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from stream.ws_tls import Tls

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_HEAD = 32 * 1024
_READ = 16 * 1024


class UpgradeError(Exception):
    """The server answered with something else than a WebSocket."""


class Opened:
    """A connection with the upgrade done; ``rest`` is what came behind the answer already."""

    def __init__(self, sock: socket.socket, tls: Tls | None) -> None:
        self.socket = sock
        self.tls = tls
        self.rest = b""

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        if self.tls is not None:
            data = self.tls.encrypt(data)
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def receive(self) -> bytes:
        """Return what comes next, b"" at the end."""
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(self.socket, _READ):
            if self.tls is None:
                return data
            plain = b"".join(self.tls.decrypt(data))
            if plain or self.tls.ended:
                return plain
        return b""


async def upgrade(
    sock: socket.socket, url: str, host: str, headers: Mapping[str, str], tls: ssl.SSLContext | None
) -> Opened:
    """Make a WebSocket to ``url`` of the connected ``sock``, over TLS when there is a context.

    Raises `UpgradeError`, ``ssl.SSLError`` and ``OSError``; the socket stays the caller's then.
    """
    opened = Opened(sock, None)
    if tls is not None:
        opened.tls = await _tls(sock, host, tls)
    key = base64.b64encode(secrets.token_bytes(16))
    await opened.send(request(url, headers, key))
    head = b""
    while b"\r\n\r\n" not in head:
        data = await opened.receive()
        if not data:
            raise UpgradeError("closed without answering the upgrade")
        head += data
        if len(head) > _MAX_HEAD:
            raise UpgradeError("answered the upgrade without end")
    head, _, opened.rest = head.partition(b"\r\n\r\n")
    check_answer(head, key)
    return opened


async def _tls(sock: socket.socket, host: str, context: ssl.SSLContext) -> Tls:
    """Return a TLS connection after its handshake."""
    loop = asyncio.get_running_loop()
    tls = Tls(context, host)
    try:
        while True:
            done = tls.shake()
            out = tls.pending()
            if out:
                await loop.sock_sendall(sock, out)
            if done:
                return tls
            data = await loop.sock_recv(sock, _READ)
            if not data:
                raise ConnectionResetError("closed in the TLS handshake")
            tls.feed(data)
    except ssl.SSLError:
        alert = tls.pending()  # what was wrong, for the server's log
        if alert:
            await loop.sock_sendall(sock, alert)
        raise


def request(url: str, headers: Mapping[str, str], key: bytes) -> bytes:
    """Return the upgrade request (RFC 6455 §4.1)."""
    parts = urlsplit(url)
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"GET {resource} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key.decode()}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def check_answer(head: bytes, key: bytes) -> None:
    """Check the answer to an upgrade without its empty line; raises `UpgradeError`."""
    lines = head.split(b"\r\n")
    version, _, rest = lines[0].partition(b" ")
    status = rest[:3].decode("latin-1")
    if not version.startswith(b"HTTP/1.") or not status.isdecimal():
        raise UpgradeError("answered no HTTP: no WebSocket")
    if status != "101":
        raise UpgradeError(f"answered {status}: no WebSocket")
    fields: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon:
            raise UpgradeError("answered with a bad header: no WebSocket")
        name, value = name.strip().lower(), value.strip()
        fields[name] = fields[name] + b"," + value if name in fields else value
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    tokens = {token.strip().lower() for token in fields.get(b"connection", b"").split(b",")}
    if (
        fields.get(b"upgrade", b"").lower() != b"websocket"
        or b"upgrade" not in tokens
        or fields.get(b"sec-websocket-accept") != accept
    ):
        raise UpgradeError("answered 101 without the headers of a WebSocket")
    if b"sec-websocket-extensions" in fields or b"sec-websocket-protocol" in fields:
        raise UpgradeError("answered 101 with an extension nobody asked for")
