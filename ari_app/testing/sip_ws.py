"""A browser's telephone as far as SIP goes: RFC 7118 (SIP over WebSocket), by `websockets`."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from ari_app.testing.sip_phone import SipPhone


@dataclass
class _WebSocket:
    socket: ClientConnection
    transport: str = "WS"
    #: RFC 7118 section 5: a browser does not know its own address, so it makes one up.
    host: str = "phone.invalid"

    async def send(self, text: str) -> None:
        await self.socket.send(text)

    async def receive(self) -> str:
        data = await self.socket.recv()
        return data if isinstance(data, str) else data.decode()


@asynccontextmanager
async def web_phone(
    url: str, realm: str, user: str, password: str, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[SipPhone]:
    """Connect as a browser does (subprotocol ``sip``, an Origin)."""
    async with connect(
        url,
        subprotocols=[Subprotocol("sip")],
        origin=Origin("https://example.com"),
        ssl=tls,
        open_timeout=60,
        ping_interval=None,  # a busy machine is no dead connection
    ) as socket:
        yield SipPhone(_WebSocket(socket), realm, user, password)
