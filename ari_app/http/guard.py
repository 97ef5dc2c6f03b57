"""Which addresses the switch may connect to on a customer's behalf.

The check sits where the socket is made, so it sees the address that is really dialled: an IP
literal in any spelling, each answer of DNS, each hop of a redirect. There is no window
between check and use (B-19).
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")


class AddressDeniedError(OSError):
    """An address the policy does not allow; errno is EACCES."""


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """Allows public unicast addresses, and more when told so.

    ``allow_private`` opens everything (development); ``allow`` opens networks of one's own.
    """

    allow_private: bool = False
    allow: tuple[IPNetwork, ...] = ()

    @classmethod
    def of(cls, *, allow_private: bool, allow: Sequence[str] = ()) -> UrlPolicy:
        """Build from text such as ``10.1.0.0/16``; raises ValueError for a bad network."""
        return cls(allow_private, tuple(ip_network(text, strict=False) for text in allow))

    def permits(self, address: str | IPAddress) -> bool:
        """Tell whether ``address`` (no host name) may be connected to; unreadable is denied."""
        if isinstance(address, str):
            try:
                address = ip_address(address.partition("%")[0])
            except ValueError:
                return False
        if self.allow_private or self._listed(address):
            return True
        # An IPv4 address inside an IPv6 one counts as what it leads to.
        leads_to: list[IPAddress] = [*_embedded(address)] or [address]
        return all(_public(form) or self._listed(form) for form in leads_to)

    def _listed(self, address: IPAddress) -> bool:
        return any(address in network for network in self.allow)

    def check(self, host: str) -> None:
        """Raise AddressDeniedError when ``host`` (an address) may not be connected to."""
        if not self.permits(host):
            raise AddressDeniedError(
                errno.EACCES, f"{host} is a private or special address, which is not allowed"
            )


def _embedded(address: IPAddress) -> list[IPv4Address]:
    """IPv4 addresses that an IPv6 address leads to (RFC 4291, 6052, 3056, 4380)."""
    if isinstance(address, IPv4Address):
        return []
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return []


def _public(address: IPAddress) -> bool:
    """Whether it is ordinary public unicast; is_global alone lets multicast through."""
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not getattr(address, "is_site_local", False)
    )


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
        policy.check(where[0])
        return socket.socket(family, kind, proto)

    connector = aiohttp.TCPConnector(
        limit=0,
        # Shorter than the habit of common servers (5 s), so that a pooled connection is
        # rarely one the server is just closing.
        keepalive_timeout=4,
        ttl_dns_cache=10,
        resolver=resolver,
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
