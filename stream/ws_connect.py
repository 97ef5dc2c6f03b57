"""Connecting to a bot's WebSocket, every failure with Twilio's number."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import picows

from stream.addresses import UrlPolicy
from stream.control import Open
from stream.fragments import MAX_MESSAGE
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
# First size of a stream's read buffer: media messages are short, a longer one lets it grow.
_READ_BUFFER = 4 * 1024
# One TLS record each way, instead of a quarter of a megabyte.
_TLS_BUFFERS: dict[str, Any] = {
    "ssl_incoming_bio_size": 17 * 1024,
    "ssl_outgoing_bio_size": 17 * 1024,
}

# Threads of our own: the loop has four for names, which as many dead hosts would take up.
_lookups = ThreadPoolExecutor(64, thread_name_prefix="lookup")

_AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class StreamFailure(Exception):  # noqa: N818 - Twilio calls it a failure too
    """A stream that cannot be, or cannot go on: Twilio's ``code`` and what happened."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


async def connect(
    spec: Open, listener: Callable[[], picows.WSListener], tls: ssl.SSLContext
) -> picows.WSTransport:
    """Open the WebSocket of ``spec``; ``listener`` makes the object that gets its frames.

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
            return await _upgrade(sock, where, headers, listener, tls, spec.connect_timeout)
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
        ipaddress.ip_address(where.host)
    except ValueError:
        pass
    else:  # a literal takes no time
        return _look_up(where)
    try:
        return await asyncio.get_running_loop().run_in_executor(_lookups, _look_up, where)
    except (OSError, UnicodeError) as error:
        raise StreamFailure(UNREACHABLE, f"{where.host} does not resolve: {error}") from None


def _look_up(where: Target) -> Sequence[_AddressInfo]:
    return socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)


async def _upgrade(
    sock: socket.socket,
    where: Target,
    headers: dict[str, str],
    listener: Callable[[], picows.WSListener],
    tls: ssl.SSLContext,
    patience: float,
) -> picows.WSTransport:
    """Do TLS and the upgrade on ``sock``, which from here on belongs to picows.

    ``patience`` makes picows itself end a handshake that nobody waits for any more.
    """
    try:
        transport, accepted = await picows.ws_connect(
            listener,
            where.url,
            ssl_context=tls if where.secure else None,
            disconnect_on_exception=False,
            websocket_handshake_timeout=patience,
            max_frame_size=MAX_MESSAGE,
            extra_headers=headers,
            max_redirects=0,
            read_buffer_init_size=_READ_BUFFER,
            **(_TLS_BUFFERS if where.secure else {}),
            socket_factory=lambda _: sock,
        )
    except picows.WSHandshakeError as error:
        status = f" {int(error.response.status)}" if error.response is not None else ""
        raise StreamFailure(HANDSHAKE, f"{where.host} answered{status}: no WebSocket") from None
    except picows.WSInvalidURL as error:
        sock.close()
        raise StreamFailure(MALFORMED_URL, str(error)) from None
    except ssl.SSLError as error:
        raise StreamFailure(TLS, f"{where.host}: {_tls_reason(error)}") from None
    except TimeoutError:
        raise
    except OSError as error:
        code = TLS if where.secure else BROKEN
        raise StreamFailure(code, f"{where.host}: {error or type(error).__name__}") from None
    if accepted is None:
        raise StreamFailure(HANDSHAKE, f"{where.host} closed without answering the upgrade")
    return transport


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not valid: {error.verify_message}"
    return error.reason or str(error)
