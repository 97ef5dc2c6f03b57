"""Addresses a stream may go to: the guard against requests forged into our own network.

The check is made on the very address that is then connected to (B-19).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(host: str) -> bool:
    """Tell whether the IP address ``host`` is reachable for everybody, so no secret of ours.

    An IPv4 address inside an IPv6 one counts as what it stands for (mapped, 6to4, NAT64).
    """
    address = _address(host)
    if address is None:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast


def is_listed(host: str, networks: Iterable[str]) -> bool:
    """Tell whether the IP address ``host`` is in one of ``networks``, such as ``10.0.0.0/8``."""
    address = _address(host)
    return address is not None and any(
        address in ipaddress.ip_network(network, strict=False) for network in networks
    )


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return None
