"""Calls that come through a gateway: who may be one, and what it tells of the real caller.

A gateway strips the headers of `TRUSTED` from what carriers send and sets ``X-Src-Ip`` itself
(opensips/shared/hygiene.cfg), so it is believed from a gateway, and from nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

Network = IPv4Network | IPv6Network

#: Headers between gateway and node: webhooks do not tell of them.
TRUSTED = re.compile(r"x-(src-ip|somleng-.*|ariswitch-.*)", re.IGNORECASE)
_SOURCE = "x-src-ip"


class Variables(Protocol):
    """A channel that can be asked for a dialplan function."""

    async def variable(self, name: str) -> str:
        """Return its value, '' without one; raises AriError."""
        ...


async def real_source(
    gateways: Sequence[Network], peer: str, headers: Iterable[str], leg: Variables
) -> str | None:
    """Return the address that a call came from: its peer's, or what a gateway tells.

    None when there are gateways and it came past them. Raises AriError.
    """
    if not gateways:
        return peer
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    if not any(address in network for network in gateways):
        return None
    told = next((name for name in headers if name.lower() == _SOURCE), None)
    if told is None:
        return peer
    source = await leg.variable(f"PJSIP_HEADER(read,{told})")
    try:
        return str(ip_address(source.strip().strip("[]")))
    except ValueError:
        return peer
