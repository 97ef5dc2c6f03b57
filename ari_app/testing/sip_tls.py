"""A telephone, or a carrier, over TLS: RFC 3261 section 18.3, messages framed by their length."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ari_app.testing.sip_phone import SipPhone

_LENGTH = re.compile(rb"^(?:Content-Length|l)[ \t]*:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    transport: str = "TLS"

    @property
    def host(self) -> str:
        """Where this end of the connection is."""
        host, port = self.writer.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    async def send(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()

    async def receive(self) -> str:
        head = (await self.reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")  # keep-alives before it
        length = _LENGTH.search(head)
        return (head + await self.reader.readexactly(int(length[1]) if length else 0)).decode()


@asynccontextmanager
async def tls_phone(
    address: tuple[str, int], realm: str, user: str, tls: ssl.SSLContext, password: str = ""
) -> AsyncIterator[SipPhone]:
    """Connect; ``tls`` says whom to trust. It tries for a minute: a server may just start."""
    async with asyncio.timeout(60):
        while True:
            try:
                reader, writer = await asyncio.open_connection(*address, ssl=tls)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
    try:
        yield SipPhone(_Connection(reader, writer), realm, user, password)
    finally:
        writer.close()


class TlsCarrier:
    """Listens at ``port``; the first connection is its phone."""

    def __init__(self) -> None:
        self.port = 0
        self._phone: asyncio.Future[SipPhone] = asyncio.get_running_loop().create_future()
        self._writers: list[asyncio.StreamWriter] = []

    async def phone(self) -> SipPhone:
        """Wait for the connection, a minute."""
        async with asyncio.timeout(60):
            return await asyncio.shield(self._phone)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if not self._phone.done():
            self._phone.set_result(SipPhone(_Connection(reader, writer), "carrier", "carrier"))


@asynccontextmanager
async def tls_carrier(tls: ssl.SSLContext) -> AsyncIterator[TlsCarrier]:
    """A carrier that is called over TLS; ``tls`` has its certificate."""
    carrier = TlsCarrier()
    server = await asyncio.start_server(carrier._connected, "127.0.0.1", 0, ssl=tls)
    carrier.port = server.sockets[0].getsockname()[1]
    try:
        yield carrier
    finally:
        server.close()
        for writer in carrier._writers:
            writer.close()
