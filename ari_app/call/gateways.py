"""Calls that come through a gateway: who may be one, and what it tells of the real caller.

A gateway strips the headers of `TRUSTED` from what carriers and phones send and sets its own
(opensips/shared/hygiene.cfg), so they are believed from a gateway, and from nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

Network = IPv4Network | IPv6Network

#: Headers between gateway and node: webhooks do not tell of them.
TRUSTED = re.compile(r"x-(src-ip|somleng-.*|ariswitch-.*)", re.IGNORECASE)
#: Where the call really came from.
_SOURCE = "X-Src-Ip"
#: The account whose password the caller has proven to know; set by the client gateway alone.
_CLIENT = "X-Somleng-Client-Identifier"
#: What an account may be called (`ari_app.gateway.clients`).
_NAME = re.compile(r"[0-9A-Za-z_.+-]{1,64}")


class Variables(Protocol):
    """A channel that can be asked for a dialplan function."""

    async def variable(self, name: str) -> str:
        """Return its value, '' without one; raises AriError."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Who really calls: from which address, and as which registered client ('' as none)."""

    source_ip: str
    client: str = ""


async def real_caller(
    gateways: Sequence[Network], peer: str, headers: Iterable[str], leg: Variables
) -> Caller | None:
    """Return who calls: the peer at its address, or whom a gateway tells of.

    None when there are gateways and it came past them. Raises AriError.
    """
    if not gateways:
        return Caller(peer)
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    if not any(address in network for network in gateways):
        return None
    names = {name.lower(): name for name in headers}

    async def told(header: str) -> str:
        name = names.get(header.lower())
        return (await leg.variable(f"PJSIP_HEADER(read,{name})")).strip() if name else ""

    client = await told(_CLIENT)
    return Caller(
        source_ip=_address(await told(_SOURCE)) or peer,
        client=client if _NAME.fullmatch(client) else "",
    )


def _address(text: str) -> str:
    """Return an address as usually written; '' when it is none."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return ""
