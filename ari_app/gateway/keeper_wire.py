"""Two SIP messages of the upkeep: is a node there, and the word that it is not, in its place."""

from __future__ import annotations

import asyncio
import re
import secrets

from ari_app.gateway.mi import Ringing

#: Seconds that a node may take to answer OPTIONS.
PATIENCE = 2.0

_HOST = re.compile(r"sip:(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:;>]+)):(\d{1,5})")
_VIA = re.compile(r"SIP/2\.0/UDP (?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:;]+)):(\d{1,5})")


def address(pattern: re.Pattern[str], text: str) -> tuple[str, int]:
    """Return host and port as ``pattern`` finds them. Raises ValueError."""
    found = pattern.match(text)
    if found is None:
        raise ValueError(f"no address: {text!r}")
    return found[1] or found[2], int(found[3])


def options(uri: str, host: str, port: int, token: str) -> bytes:
    """Return an OPTIONS to ``uri`` that is answered to ``host``:``port``; ``token`` is its id."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return (
        f"OPTIONS {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {where};branch=z9hG4bK{token};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:gateway@{where}>;tag={token}\r\nTo: <{uri}>\r\n"
        f"Call-ID: {token}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def timed_out(call: Ringing) -> bytes:
    """Return the 408 that a node would send for an INVITE to which it has no answer (RFC 3261).

    OpenSIPS takes it for the node's own, and does what it does at the end of the longest ringing.
    """
    tag = secrets.token_hex(8)
    return (
        f"SIP/2.0 408 Request Timeout\r\nVia: {call.via}\r\n"
        f"From: <{call.from_}>;tag={call.from_tag}\r\nTo: <{call.to}>;tag={tag}\r\n"
        f"Call-ID: {call.call_id}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    ).encode()


class Wire:
    """Sends them, each from a socket of its own."""

    async def answers(self, uri: str) -> bool:
        """Whether a node says anything to OPTIONS, be it a refusal. Raises ValueError, OSError."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        transport = await _connected(*address(_HOST, uri), answer)
        try:
            host, port = transport.get_extra_info("sockname")[:2]
            message, pause = options(uri, host, port, secrets.token_hex(12)), 0.5
            until = asyncio.get_running_loop().time() + PATIENCE
            while asyncio.get_running_loop().time() < until and not answer.done():
                transport.sendto(message)  # again: datagrams get lost
                await asyncio.wait({answer}, timeout=pause)
                pause *= 2
            return answer.done() and answer.result().startswith(b"SIP/2.0 ")
        finally:
            transport.close()

    async def time_out(self, call: Ringing) -> None:
        """End a ringing call as if its node had timed out. Raises ValueError, OSError."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        transport = await _connected(*address(_VIA, call.via), answer)
        try:
            transport.sendto(timed_out(call))
            # OpenSIPS says ACK to it.
            await asyncio.wait({answer}, timeout=PATIENCE)
        finally:
            transport.close()


class _First(asyncio.DatagramProtocol):
    """Waits for the first datagram; b"" when nobody is there to send one."""

    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        self._take(data)

    def error_received(self, exc: Exception) -> None:
        self._take(b"")

    def _take(self, data: bytes) -> None:
        if not self._answer.done():
            self._answer.set_result(data)


async def _connected(
    host: str, port: int, answer: asyncio.Future[bytes]
) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _First(answer), remote_addr=(host, port)
    )
    return transport
