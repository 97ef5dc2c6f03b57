"""Connecting to a bot's WebSocket, every failure with Twilio's number."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from stream.addresses import UrlPolicy
from stream.control import Open
from stream.ws_upgrade import Opened, UpgradeError, upgrade
from stream.ws_url import Target, UrlError, target

USER_AGENT = "Twilio.TmeWs/1.0"

CONNECT_TIMEOUT = 31901
REFUSED = 31902
BROKEN = 31903
UNREACHABLE = 31904
TLS = 31910
HANDSHAKE = 31920
MALFORMED_URL = 31923

# The kernel's share of what a slow reader is owed: seconds of media, not minutes (B-21).
_SEND_BUFFER = 32 * 1024
# One read of a flooding bot stays short, so that it cannot hold up the neighbours.
_RECEIVE_BUFFER = 256 * 1024

# Threads of our own: the loop has four for names, which as many dead hosts would take up.
_lookups = ThreadPoolExecutor(64, thread_name_prefix="lookup")

_AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class StreamFailure(Exception):  # noqa: N818 - Twilio calls it a failure too
    """A stream that cannot be, or cannot go on: Twilio's ``code`` and what happened."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


async def connect(spec: Open, tls: ssl.SSLContext) -> Opened:
    """Open the WebSocket of ``spec``; whoever gets it closes it.

    Redirects are not followed, extensions and subprotocols not offered, as with Twilio.
    Raises `StreamFailure`.
    """
    try:
        where = target(spec.url, keep_query=spec.keep_query)
    except UrlError as error:
        raise StreamFailure(error.code, error.message) from None
    headers = _headers(spec, where)
    try:
        deadline = asyncio.get_running_loop().time() + spec.connect_timeout
        async with asyncio.timeout_at(deadline):
            sock = await _dial(where, spec, deadline)
            return await _upgrade(sock, where, headers, tls)
    except TimeoutError:
        raise StreamFailure(
            CONNECT_TIMEOUT, f"no WebSocket from {where.host} in {spec.connect_timeout:g} s"
        ) from None


def _headers(spec: Open, where: Target) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, **spec.headers}
    if where.authorization is not None:
        headers["Authorization"] = where.authorization
    if any(char in name + value for name, value in headers.items() for char in "\r\n\0"):
        raise StreamFailure(MALFORMED_URL, "a header has a line break")
    return headers


async def _dial(where: Target, spec: Open, deadline: float) -> socket.socket:
    """Return a TCP connection to the first checked address that takes one.

    An address that does not answer leaves its share of the time to those after it.
    """
    loop = asyncio.get_running_loop()
    found = await _resolve(where)
    policy = UrlPolicy.of(allow_private=spec.allow_private, allow=spec.allow)
    allowed = [row for row in found if policy.permits(str(row[4][0]))]
    if not allowed:
        raise StreamFailure(UNREACHABLE, f"{where.host} is a private address: not allowed")
    failure = StreamFailure(UNREACHABLE, f"{where.host} has no address")
    for number, (family, kind, protocol, _, address) in enumerate(allowed):
        share = (deadline - loop.time()) / (len(allowed) - number)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            async with asyncio.timeout(share):
                await loop.sock_connect(sock, address)
        except TimeoutError:
            failure = StreamFailure(CONNECT_TIMEOUT, f"{where.host}:{where.port} is silent")
        except ConnectionRefusedError:
            failure = StreamFailure(REFUSED, f"{where.host}:{where.port} refused")
        except OSError as error:
            failure = StreamFailure(UNREACHABLE, f"{where.host}:{where.port}: {error}")
        except BaseException:
            sock.close()
            raise
        else:
            return sock
        sock.close()
    raise failure


async def _resolve(where: Target) -> Sequence[_AddressInfo]:
    """Return the addresses of a host. A slow lookup holds up nobody but its own stream."""
    try:
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(where.host)
            return _look_up(where)  # a literal takes no time
        return await asyncio.get_running_loop().run_in_executor(_lookups, _look_up, where)
    except (OSError, UnicodeError) as error:
        raise StreamFailure(UNREACHABLE, f"{where.host} does not resolve: {error}") from None


def _look_up(where: Target) -> Sequence[_AddressInfo]:
    return socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)


async def _upgrade(
    sock: socket.socket, where: Target, headers: dict[str, str], tls: ssl.SSLContext
) -> Opened:
    """Do TLS and the upgrade on ``sock``, which is closed when they fail."""
    try:
        return await upgrade(sock, where.url, where.host, headers, tls if where.secure else None)
    except BaseException as error:
        sock.close()
        if isinstance(error, UpgradeError):
            raise StreamFailure(HANDSHAKE, f"{where.host} {error}") from None
        if isinstance(error, ssl.SSLError):
            raise StreamFailure(TLS, f"{where.host}: {_tls_reason(error)}") from None
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            code = TLS if where.secure else BROKEN
            reason = str(error) or type(error).__name__
            raise StreamFailure(code, f"{where.host}: {reason}") from None
        raise


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not valid: {error.verify_message}"
    return error.reason or str(error)
