"""A browser's audio (WebRTC) by hand: ICE checks, DTLS by `openssl`, SRTP keyed from it.

One UDP socket carries all three (RFC 7983). OpenSSL's client has a socket of its own, so what it
sends and gets is passed on; it prints the keying material (RFC 5764) once the handshake is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ari_app.testing import stun
from ari_app.testing.certificates import Certificate
from ari_app.testing.srtp import Srtp

_FRAME = 160
_PROFILE = "SRTP_AES128_CM_SHA1_80"
_DEADLINE = 60


class BrowserMedia(asyncio.DatagramProtocol):
    """The socket and what was heard on it, in order of arrival."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.heard = b""
        self._transport: asyncio.DatagramTransport | None = None
        self._dtls = _Passage(self._to_peer)
        self._peer: tuple[str, int] | None = None
        self._checked = asyncio.Event()
        self._news = asyncio.Event()
        self._early: list[bytes] = []
        self._sending: Srtp
        self._opening: Srtp | None = None

    @property
    def offer(self) -> str:
        """SDP as a browser offers it, but that it takes the client's part in DTLS."""
        _, port = self._socket.get_extra_info("sockname")
        made = x509.load_pem_x509_certificate(self.certificate.chain.read_bytes())
        fingerprint = made.fingerprint(hashes.SHA256()).hex(":").upper()
        return (
            "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
            f"m=audio {port} UDP/TLS/RTP/SAVPF 0\nc=IN IP4 127.0.0.1\n"
            f"a=candidate:1 1 udp 2122260223 127.0.0.1 {port} typ host\n"
            f"a=ice-ufrag:{self.ufrag}\na=ice-pwd:{self.password}\n"
            f"a=fingerprint:sha-256 {fingerprint}\na=setup:active\na=mid:0\na=sendrecv\n"
            "a=rtcp-mux\na=rtpmap:0 PCMU/8000\n"
        )

    async def connect(self, answer: str) -> None:
        """Check the way to the first candidate of the answer, then shake hands with DTLS."""
        found = {name: _found(name, answer) for name in ("ice-ufrag", "ice-pwd")}
        host, port = re.findall(r"a=candidate:\S+ 1 UDP \d+ (\S+) (\d+) typ host", answer, re.I)[0]
        self._peer = (host, int(port))
        async with asyncio.timeout(_DEADLINE):
            while not self._checked.is_set():
                self._to_peer(stun.check(f"{found['ice-ufrag']}:{self.ufrag}", found["ice-pwd"]))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self._checked.wait()
            keys = await self._dtls.keys(self.certificate)
        ours, theirs, our_salt, their_salt = keys[:16], keys[16:32], keys[32:46], keys[46:60]
        self._sending, self._opening = Srtp(ours, our_salt), Srtp(theirs, their_salt)
        for packet in self._early:
            self._hear(packet)

    async def speak(self, audio: bytes) -> None:
        """Send mu-law in frames of 20 ms."""
        ssrc = secrets.randbits(32)
        for number in range(len(audio) // _FRAME):
            head = struct.pack("!BBHII", 0x80, 0, number, number * _FRAME, ssrc)
            frame = audio[number * _FRAME : (number + 1) * _FRAME]
            self._to_peer(self._sending.protect(head + frame))
            await asyncio.sleep(0.02)

    async def wait_for(self, audio: bytes) -> None:
        """Wait until ``audio`` was heard as one run of bytes."""
        async with asyncio.timeout(_DEADLINE):
            while audio not in self.heard:
                self._news.clear()
                await self._news.wait()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Tell STUN, DTLS and SRTP by their first byte."""
        if data[0] < 4:
            if stun.is_request(data):
                self._socket.sendto(stun.answer(data, addr, self.password), addr)
            elif stun.is_success(data):
                self._checked.set()
        elif 20 <= data[0] < 64:
            self._dtls.pass_on(data)
        elif self._opening is None:
            self._early.append(data)
        else:
            self._hear(data)

    def _hear(self, packet: bytes) -> None:
        # RTCP comes to the same port (RFC 5761).
        if self._opening is not None and not 64 <= packet[1] & 0x7F < 96:
            self.heard += self._opening.open(packet)
            self._news.set()

    def _to_peer(self, data: bytes) -> None:
        self._socket.sendto(data, self._peer)

    @property
    def _socket(self) -> asyncio.DatagramTransport:
        if self._transport is None:
            raise ConnectionError("not open")
        return self._transport

    async def close(self) -> None:
        """Close the socket and end OpenSSL's client."""
        self._socket.close()
        await self._dtls.close()

    @classmethod
    async def open(cls, certificate: Certificate) -> Self:
        """Bind a port of loopback; the certificate is the browser's own."""
        transport, media = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(certificate), local_addr=("127.0.0.1", 0)
        )
        media._transport = transport
        return media


@asynccontextmanager
async def browser_media(certificate: Certificate) -> AsyncIterator[BrowserMedia]:
    """Open a socket; the certificate is the browser's own."""
    media = await BrowserMedia.open(certificate)
    try:
        yield media
    finally:
        await media.close()


class _Passage(asyncio.DatagramProtocol):
    """OpenSSL's client thinks that this is the other side."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._client: tuple[str, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def keys(self, certificate: Certificate) -> bytes:
        """Shake hands; return the 60 bytes that both sides now know."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        host, port = self._transport.get_extra_info("sockname")
        self._process = await asyncio.create_subprocess_exec(
            *("openssl", "s_client", "-dtls1_2", "-connect", f"{host}:{port}"),
            *("-cert", str(certificate.chain), "-key", str(certificate.key)),
            *("-use_srtp", _PROFILE, "-keymatexport", "EXTRACTOR-dtls_srtp"),
            *("-keymatexportlen", "60"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None  # noqa: S101 - asked for
        while line := await self._process.stdout.readline():
            if found := re.search(rb"Keying material: ([0-9A-F]{120})", line):
                return bytes.fromhex(found[1].decode())
        raise ConnectionError("openssl ended without a handshake")

    def pass_on(self, data: bytes) -> None:
        """Give a record of the other side's to OpenSSL."""
        if self._transport is not None and self._client is not None:
            self._transport.sendto(data, self._client)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Give a record of OpenSSL's to the other side."""
        self._client = addr
        self._send(data)

    async def close(self) -> None:
        """End the client."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._transport is not None:
            self._transport.close()


def _found(name: str, sdp: str) -> str:
    found = re.search(rf"a={name}:(\S+)", sdp)
    if found is None:
        raise ValueError(f"no {name} in the answer:\n{sdp}")
    return found[1]
