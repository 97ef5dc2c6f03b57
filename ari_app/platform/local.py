"""The platform of its own: accounts and numbers in our SQL, managed by Twilio's REST API."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import structlog

from ari_app.model import Account, Endpoint, HttpMethod, StatusCallback
from ari_app.platform.numbers import normalize
from ari_app.platform.ports import InboundCall, PlatformStore, Rejected, Route

log = structlog.get_logger(__name__)

Network = IPv4Network | IPv6Network


class LocalPlatform:
    """Answers who a call is for from the store.

    ``sources`` are the networks calls may come from; None means any, none of them nobody.
    """

    def __init__(self, store: PlatformStore, *, sources: Sequence[Network] | None = None) -> None:
        self._store = store
        self._sources = None if sources is None else tuple(sources)

    async def inbound(self, call: InboundCall) -> Route | Rejected:
        """Route a call: 403 for a source not allowed, 404 for a number nobody has.

        Raises:
            StoreUnavailable: the store cannot answer now.
        """
        if not self._allowed(call.source_ip):
            return self._reject(call, 403, "source address is not allowed")
        wanted = normalize(call.to)
        number = None if wanted is None else await self._store.numbers.find(wanted)
        if number is None:
            return self._reject(call, 404, "no such number")
        account = await self._store.accounts.find(number.account_sid)
        if account is None or account.status != "active":
            return self._reject(call, 403, "account is not active")
        return Route(
            account=account,
            number=number,
            voice=_endpoint(number.voice_url, number.voice_method),
            fallback=_endpoint(number.voice_fallback_url, number.voice_fallback_method),
            status_callback=StatusCallback(
                url=number.status_callback, method=number.status_callback_method
            )
            if number.status_callback
            else None,
        )

    async def account(self, sid: str) -> Account | None:
        """Return the account, or None. Raises StoreUnavailable."""
        return await self._store.accounts.find(sid)

    def _allowed(self, source: str) -> bool:
        if self._sources is None:
            return True
        address = _address(source)
        return address is not None and any(address in network for network in self._sources)

    def _reject(self, call: InboundCall, status: int, reason: str) -> Rejected:
        log.warning(
            "inbound call rejected",
            status=status,
            reason=reason,
            to=call.to[:64],
            source_ip=call.source_ip,
            sip_call_id=call.sip_call_id,
        )
        return Rejected(status=status, reason=reason)


def _endpoint(url: str, method: HttpMethod) -> Endpoint | None:
    return Endpoint(url=url, method=method) if url else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read ``1.2.3.4``, ``1.2.3.4:5060``, ``::1`` or ``[::1]:5060``; None if it is none."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    # A dual-stack socket reports IPv4 peers as ::ffff:1.2.3.4.
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
