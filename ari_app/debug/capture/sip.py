"""SIP messages, read as far as a ladder needs them (RFC 3261, RFC 4566). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ari_app.debug.capture.read import Address, Datagram

_START = re.compile(rb"(?:SIP/2\.0 (\d{3}) ([^\r\n]*)|([A-Z]{3,12}) (\S+) SIP/2\.0)\r?\n")
_USER = re.compile(r"sips?:([^@;>\s]+)@")
_COMPACT = {"i": "call-id", "f": "from", "t": "to", "v": "via", "c": "content-type"}
_AUDIO = re.compile(r"^m=audio (\d+)", re.M)
_HOST = re.compile(r"^c=IN IP[46] (\S+)", re.M)


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request (``method``, ``uri``) or an answer (``status``, ``reason``) on its way."""

    at: float
    source: Address
    target: Address
    call_id: str
    cseq: str
    branch: str
    from_user: str
    to_user: str
    method: str
    uri: str = ""
    status: int = 0
    reason: str = ""
    #: Where its SDP wants audio; None without SDP.
    audio: Address | None = None

    @property
    def title(self) -> str:
        """``INVITE``, or ``200 OK (INVITE)``."""
        return f"{self.status} {self.reason} ({self.method})" if self.status else self.method

    @property
    def uri_user(self) -> str:
        """User of the request's URI."""
        found = _USER.search(self.uri)
        return found[1] if found else ""


def parse(datagram: Datagram) -> SipMessage | None:
    """Read one datagram; None when it is no SIP message."""
    start = _START.match(datagram.data)
    if start is None:
        return None
    head, _, body = datagram.data.decode(errors="replace").replace("\r\n", "\n").partition("\n\n")
    headers: dict[str, str] = {}
    for line in head.split("\n")[1:]:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.setdefault(_COMPACT.get(name, name), value.strip())
    if "call-id" not in headers:
        return None
    cseq = headers.get("cseq", "")
    branch = re.search(r"branch=([^;,\s]+)", headers.get("via", ""))
    return SipMessage(
        at=datagram.at,
        source=datagram.source,
        target=datagram.target,
        call_id=headers["call-id"],
        cseq=cseq,
        branch=branch[1] if branch else "",
        from_user=_user(headers.get("from", "")),
        to_user=_user(headers.get("to", "")),
        method=start[3].decode() if start[3] else cseq.rpartition(" ")[2],
        uri=start[4].decode(errors="replace") if start[4] else "",
        status=int(start[1] or 0),
        reason=(start[2] or b"").decode(errors="replace"),
        audio=_audio(body),
    )


def dialogs(datagrams: Iterable[Datagram]) -> dict[str, list[SipMessage]]:
    """Return all messages by Call-ID, those that begin with an INVITE."""
    found: dict[str, list[SipMessage]] = {}
    for datagram in datagrams:
        message = parse(datagram)
        if message is not None and (message.call_id in found or message.method == "INVITE"):
            found.setdefault(message.call_id, []).append(message)
    return found


def _user(header: str) -> str:
    found = _USER.search(header)
    return found[1] if found else ""


def _audio(body: str) -> Address | None:
    host, port = _HOST.search(body), _AUDIO.search(body)
    return (host[1], int(port[1])) if host and port else None
