"""Hosts that a customer may have called by SIP URI: those that a webhook may go to, too."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from ipaddress import ip_address

import structlog
from aiohttp.abc import AbstractResolver

from stream.addresses import UrlPolicy

log = structlog.get_logger(__name__)

#: Seconds that a look-up may take; it holds up one REST request.
LOOK_UP = 5.0


class SipHosts:
    """Tells of a host whether ``policy`` allows a call there.

    Asterisk looks a name up again when it dials (and SRV records, which are not looked at
    here), so for names this is a fence against mistakes, not against a hostile DNS server.
    """

    def __init__(self, policy: UrlPolicy, resolver: AbstractResolver) -> None:
        self._policy = policy
        self._resolver = resolver

    async def permits(self, host: str) -> bool:
        """Tell whether ``host``, an address or a name, may be called."""
        if self._policy.allow_private:
            return True
        with contextlib.suppress(ValueError):
            return self._policy.permits(ip_address(host))
        try:
            async with asyncio.timeout(LOOK_UP):
                found = await self._resolver.resolve(host, 0, socket.AF_UNSPEC)
        except (OSError, TimeoutError) as error:
            # It leads to no address of ours: Asterisk may find it by SRV, or the call fails.
            log.info("sip.host_unknown", host=host, error=str(error))
            return True
        return all(self._policy.permits(answer["host"]) for answer in found)
