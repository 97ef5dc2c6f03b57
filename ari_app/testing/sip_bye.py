"""Requests within a call SIPp has set up, at the moment a test wants them (RFC 3261 §12.2).

SIPp can only hang up after a fixed pause; this sends the BYE (§15.1.1) or another request of
the same dialog from a socket of its own.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ari_app.testing.sipp import SipMessage

_URI = re.compile(r"sips?:(?:[^@>;]*@)?(?P<host>\[[^]]+\]|[^:;>]+)(?::(?P<port>\d+))?")
_RESEND_SECONDS = 0.5
_TRIES = 8


class ByeError(Exception):
    """The call was never answered, or the request got no answer."""


async def bye(invite: SipMessage, ok: SipMessage) -> int:
    """Send the BYE of the dialog made by ``invite`` and ``ok``; return its final status.

    Either side may hang up: the one that logged ``invite`` as sent is the caller.
    """
    return await in_dialog("BYE", invite, ok)


async def in_dialog(
    method: str,
    invite: SipMessage,
    ok: SipMessage,
    *,
    sequence: int = 70,
    headers: Mapping[str, str] | None = None,
    body: str = "",
) -> int:
    """Send a request of the dialog made by ``invite`` and ``ok``; return its final status.

    ``sequence`` is its CSeq, which must grow. Raises ByeError.
    """
    calling = invite.direction == "sent"
    routes = ok.headers("Record-Route")
    routes = [route.strip() for line in routes for route in line.split(",")]
    if calling:
        routes.reverse()
    target = (ok if calling else invite).header("Contact").strip("<> ").partition(">")[0]
    hop = _URI.search(routes[0] if routes else target)
    if hop is None:
        raise ByeError(f"no Contact to send the {method} to in: {ok.start_line}")
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        _Answers, remote_addr=(hop["host"], int(hop["port"] or 5060))
    )
    host, port = transport.get_extra_info("sockname")[:2]
    request = "\r\n".join(
        [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}",
            *(f"Route: {route}" for route in routes),
            f"From: {ok.header('From' if calling else 'To')}",
            f"To: {ok.header('To' if calling else 'From')}",
            f"Call-ID: {ok.header('Call-ID')}",
            f"CSeq: {sequence} {method}",
            "Max-Forwards: 70",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
    )
    try:
        for _ in range(_TRIES):
            transport.sendto(request.encode())
            done, _pending = await asyncio.wait({client.status}, timeout=_RESEND_SECONDS)
            if done:
                return client.status.result()
    finally:
        transport.close()
        client.status.cancel()
    raise ByeError(f"the {method} was not answered")


class _Answers(asyncio.DatagramProtocol):
    """Takes the first final answer."""

    def __init__(self) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Look at one datagram."""
        if (line := re.match(rb"SIP/2\.0 ([2-6]\d\d) ", data)) and not self.status.done():
            self.status.set_result(int(line[1]))

    def error_received(self, exc: Exception) -> None:
        """Go on: the BYE is sent again."""
