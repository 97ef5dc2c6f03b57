"""One SIP message as text, and what a test reads in it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer."""

    text: str

    @property
    def start_line(self) -> str:
        """Request or status line."""
        return self.text.split("\r\n", 1)[0]

    @property
    def status(self) -> int | None:
        """Status code; None for a request."""
        parts = self.start_line.split(" ")
        return int(parts[1]) if parts[0] == "SIP/2.0" else None

    @property
    def method(self) -> str:
        """Method of the request, or of the request that is answered (its CSeq)."""
        if self.status is None:
            return self.start_line.split(" ", 1)[0]
        return self.header("CSeq").rpartition(" ")[2]

    @property
    def body(self) -> str:
        """What follows the empty line."""
        return self.text.partition("\r\n\r\n")[2]

    def header(self, name: str) -> str:
        """First value of a header by its full name, whatever its case; empty when missing."""
        return next(iter(self.headers(name)), "")

    def headers(self, name: str) -> list[str]:
        """Values of a header that may come more than once, in order."""
        lines = self.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return [value.strip() for key, _, value in pairs if key.strip().lower() == name.lower()]

    @property
    def media(self) -> tuple[str, int] | None:
        """Where the SDP wants RTP (RFC 8866 c= and m=); None without SDP."""
        host = re.search(r"^c=IN IP[46] (\S+)", self.body, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        return (host[1], int(port[1])) if host and port else None
