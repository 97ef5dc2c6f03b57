"""The HTTP session that connects only where it may on a customer's behalf.

The check sits where the socket is made, so it sees the address that is really dialled: an IP
literal in any spelling, each answer of DNS, each hop of a redirect. There is no window
between check and use (B-19).
"""

from __future__ import annotations

import errno
import socket
import ssl
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver

from ari_app.failures import AddressDeniedError
from ari_app.http.names import Names
from stream.addresses import UrlPolicy


def guarded_session(
    policy: UrlPolicy,
    *,
    resolver: AbstractResolver | None = None,
    ssl_context: ssl.SSLContext | None = None,
    **options: Any,
) -> aiohttp.ClientSession:
    """Return a session that connects only where ``policy`` allows.

    It keeps no cookies (they belong to one call), uses no proxy of the environment, and does
    not limit connections: the number of calls does. ``ssl_context`` replaces the system's
    trust; ``options`` go to ``ClientSession``. A denied address surfaces as
    ``ClientConnectorError`` whose ``os_error`` is an AddressDeniedError. Must be made inside
    a running loop; the caller closes it.
    """

    def make_socket(info: tuple[Any, ...]) -> socket.socket:
        family, kind, proto, _, where = info
        if not policy.permits(where[0]):
            raise AddressDeniedError(
                errno.EACCES, f"{where[0]} is a private or special address, which is not allowed"
            )
        return socket.socket(family, kind, proto)

    connector = aiohttp.TCPConnector(
        limit=0,
        # Shorter than the habit of common servers (5 s), so that a pooled connection is
        # rarely one the server is just closing.
        keepalive_timeout=4,
        ttl_dns_cache=10,
        resolver=resolver or Names(),
        ssl=ssl_context or True,
        socket_factory=make_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[_reuse_trace()],
        trust_env=False,
        **options,
    )


def _reuse_trace() -> aiohttp.TraceConfig:
    """Mark requests that went over a pooled connection: ``trace_request_ctx.reused``."""

    async def reused(_session: Any, context: SimpleNamespace, _params: Any) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(reused)
    return trace
