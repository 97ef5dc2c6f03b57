"""Which IP addresses a customer's URL may lead to: the guard against forged requests (B-19).

Pure. Webhooks, `<Play>` and streams ask it at the moment of connecting, about the very address
that is then dialled, so there is no window between check and use.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

#: What IANA has given out as global unicast; all else of IPv6 is special or not yet anybody's.
_UNICAST = IPv6Network("2000::/3")
#: Special networks within it that Python releases judge differently: documentation (RFC 9637)
#: and 6to4 (RFC 7526: no longer to be used; it leads to whatever IPv4 address it holds).
_SPECIAL = (IPv6Network("3fff::/20"), IPv6Network("2002::/16"))
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """Allows public unicast addresses, and more when told so.

    ``allow_private`` opens everything (development); ``allow`` opens networks of one's own.
    """

    allow_private: bool = False
    allow: tuple[IPNetwork, ...] = ()

    @classmethod
    def of(cls, *, allow_private: bool, allow: Iterable[str] = ()) -> UrlPolicy:
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
        leads_to = _leads_to(address)
        return _public(leads_to) or self._listed(leads_to)

    def _listed(self, address: IPAddress) -> bool:
        return any(address in network for network in self.allow)


def _leads_to(address: IPAddress) -> IPAddress:
    """Return the IPv4 address inside an IPv6 one (RFC 4291, 6052), else ``address``."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped
    if inner is None and (address in _NAT64 or (address in _COMPATIBLE and int(address) > 1)):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def _public(address: IPAddress) -> bool:
    """Whether it is ordinary public unicast; is_global alone lets much more through."""
    if isinstance(address, IPv6Address):
        special = any(address in network for network in _SPECIAL)
        return address.is_global and address in _UNICAST and not special
    return address.is_global and not address.is_multicast and not address.is_reserved
