"""A telephone over one connection, where SIPp has none: WebSocket (`sip_ws`), TLS (`sip_tls`).

It registers, calls and is called; digest by RFC 7616 (MD5, SHA-256). It has no media of its own:
what it offers and answers is given, what it got can be read.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Protocol

from ari_app.testing.sip_message import Message

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def offer(host: str, port: int) -> str:
    """SDP of a telephone that wants mu-law at ``host`` and ``port``."""
    lines = ("v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0")
    return "\n".join(
        (*lines, f"m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", "")
    )


def authorization(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """Return the value of an (Proxy-)Authorization header (RFC 7616, qop auth)."""
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    algorithm = given.get("algorithm", "MD5")
    hashed = _HASHES[algorithm]
    cnonce, count = secrets.token_hex(8), "00000001"

    def digest(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    response = digest(
        digest(user, given["realm"], password),
        given["nonce"],
        count,
        cnonce,
        "auth",
        digest(method, uri),
    )
    return (
        f'Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
        f'uri="{uri}", response="{response}", algorithm={algorithm}, qop=auth, '
        f'nc={count}, cnonce="{cnonce}"'
    )


@dataclass(slots=True)
class Dialog:
    """A call: what a request inside it must say."""

    target: str
    routes: list[str]
    local: str
    remote: str
    call_id: str
    cseq: int


class Line(Protocol):
    """A connection that carries whole messages."""

    @property
    def transport(self) -> str:
        """As in Via: `WS`, `TLS`."""
        ...

    @property
    def host(self) -> str:
        """Where the phone is, or says it is: host, or host:port."""
        ...

    async def send(self, text: str) -> None:
        """Send one message."""
        ...

    async def receive(self) -> str:
        """Wait for one message."""
        ...


class SipPhone:
    """One phone of one account. Messages that nobody waits for are skipped.

    ``seen`` is every message that it got.
    """

    def __init__(self, line: Line, realm: str, user: str, password: str = "") -> None:
        self._line = line
        self._realm, self._user, self._password = realm, user, password
        self._address = f"sip:{user}@{realm}"
        self._tag = secrets.token_hex(4)
        self.seen: list[Message] = []

    async def register(self, *, algorithm: str = "MD5", expires: int = 600) -> Message:
        """Register; return the answer to the credentials."""
        call_id, tag = secrets.token_hex(8), secrets.token_hex(4)
        uri, party = f"sip:{self._realm}", f"<{self._address}>"
        more = [f"Expires: {expires}"]

        async def ask(cseq: int, *extra: str) -> Message:
            head = self._head("REGISTER", uri, f"{party};tag={tag}", party, call_id, cseq)
            await self._send([*head, self._contact, *more, *extra])
            return await self.final()

        refused = await ask(1)
        challenge = next(c for c in refused.headers("WWW-Authenticate") if f"={algorithm}" in c)
        value = authorization(challenge, "REGISTER", uri, self._user, self._password)
        return await ask(2, f"Authorization: {value}")

    async def invite(self, number: str, sdp: str) -> tuple[Message, Dialog]:
        """Call; return the final answer and the dialog it makes (acknowledged)."""
        call_id = secrets.token_hex(8)
        uri = f"sip:{number}@{self._realm}"
        local, remote = f"<{self._address}>;tag={secrets.token_hex(4)}", f"<{uri}>"
        extra: list[str] = []
        for cseq in (1, 2):
            head = self._head("INVITE", uri, local, remote, call_id, cseq)
            await self._send([*head, self._contact, *extra], sdp)
            answer = await self.final()
            if answer.status != 407:
                break
            dialog = Dialog(uri, [], local, answer.header("To"), call_id, cseq)
            await self.send_in(dialog, "ACK")
            challenge = answer.header("Proxy-Authenticate")
            value = authorization(challenge, "INVITE", uri, self._user, self._password)
            extra = [f"Proxy-Authorization: {value}"]
        dialog = Dialog(uri, [], local, answer.header("To"), call_id, cseq)
        if answer.status is not None and answer.status < 300:
            dialog.target = _uri(answer.header("Contact"))
            dialog.routes = _routes(answer)[::-1]
        await self.send_in(dialog, "ACK")
        return answer, dialog

    async def send_in(self, dialog: Dialog, method: str, sdp: str = "") -> None:
        """Send a request of the dialog; an ACK repeats the number of its INVITE."""
        dialog.cseq += method != "ACK"
        head = self._head(
            method, dialog.target, dialog.local, dialog.remote, dialog.call_id, dialog.cseq
        )
        routes = [f"Route: {route}" for route in dialog.routes]
        await self._send([*head, *routes, *([self._contact] if sdp else [])], sdp)

    async def answer(self, request: Message, sdp: str = "", status: str = "200 OK") -> None:
        """Answer a request; to an INVITE a tag and the contact are added."""
        copied = [
            f"{name}: {value}"
            for name in ("Via", "Record-Route", "From", "Call-ID", "CSeq")
            for value in request.headers(name)
        ]
        to = request.header("To")
        to = to if "tag=" in to else f"{to};tag={self._tag}"
        await self._send([f"SIP/2.0 {status}", *copied, f"To: {to}", self._contact], sdp)

    async def final(self) -> Message:
        """Wait for a final answer."""
        while True:
            message = await self.receive()
            if message.status is not None and message.status >= 200:
                return message

    async def request(self, method: str) -> Message:
        """Wait for a request; keep-alive OPTIONS are answered on the way."""
        while True:
            message = await self.receive()
            if message.start_line.startswith(f"{method} "):
                return message
            if message.start_line.startswith("OPTIONS "):
                await self.answer(message)

    async def receive(self) -> Message:
        """Wait for any message; raises TimeoutError after a minute without one."""
        async with asyncio.timeout(60):
            message = Message(await self._line.receive())
        self.seen.append(message)
        return message

    @property
    def _contact(self) -> str:
        transport = self._line.transport.lower()
        return f"Contact: <sip:{self._user}@{self._line.host};transport={transport}>"

    def _head(
        self, method: str, uri: str, local: str, remote: str, call_id: str, cseq: int
    ) -> list[str]:
        return [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self._line.transport} {self._line.host}"
            f";branch=z9hG4bK{secrets.token_hex(8)}",
            f"From: {local}",
            f"To: {remote}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
            "Max-Forwards: 70",
        ]

    async def _send(self, lines: list[str], sdp: str = "") -> None:
        body = sdp.replace("\n", "\r\n")
        kind = ["Content-Type: application/sdp"] if body else []
        head = [*lines, *kind, f"Content-Length: {len(body.encode())}"]
        await self._line.send("\r\n".join([*head, "", body]))


def _uri(contact: str) -> str:
    found = re.search(r"<([^>]+)>", contact)
    return found[1] if found else contact


def _routes(message: Message) -> list[str]:
    return [part.strip() for value in message.headers("Record-Route") for part in value.split(",")]
