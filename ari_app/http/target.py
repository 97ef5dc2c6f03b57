"""A customer's URL, taken apart for the wire, the signature and the log."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from yarl import URL

from ari_app.errors import TwilioError
from ari_app.http.sign import Params, values

_LONGEST = 16_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Target:
    """One request's URL: ``wire`` is sent, ``signed`` has the userinfo too; no fragment."""

    wire: URL
    userinfo: str
    fragment: str = ""

    @property
    def signed(self) -> str:
        """The URL that is signed: as requested, with its userinfo."""
        text = str(self.wire)
        if not self.userinfo:
            return text
        scheme, _, rest = text.partition("://")
        return f"{scheme}://{self.userinfo}@{rest}"

    @property
    def login(self) -> str:
        """User name, decoded; empty when there is none."""
        return unquote(self.userinfo.partition(":")[0])

    @property
    def password(self) -> str:
        """Password, decoded."""
        return unquote(self.userinfo.partition(":")[2])

    def with_query(self, params: Params) -> Target:
        """Return the target with ``params`` appended to the query (GET)."""
        if not params:
            return self
        joint = "&" if "?" in str(self.wire) else "?"
        return replace(self, wire=URL(str(self.wire) + joint + encode(params), encoded=True))

    def join(self, location: str) -> Target:
        """Return where a ``Location`` leads; credentials go along within one origin."""
        target = parse(urljoin(str(self.wire), location))
        if not target.userinfo and target._origin == self._origin:
            return replace(target, userinfo=self.userinfo)
        return target

    @property
    def _origin(self) -> tuple[str, str, int | None]:
        return self.wire.scheme, (self.wire.raw_host or "").lower(), self.wire.port


def parse(url: str) -> Target:
    """Take ``url`` apart; raises TwilioError 11100 when it is no absolute http(s) URL.

    A URL of plain ASCII stays byte for byte what was configured, because the receiver checks
    the signature over what it sees. Other characters are percent-encoded (hosts: IDNA), and
    an empty path becomes ``/``.
    """
    url = url.strip(" ")
    if len(url) > _LONGEST or _CONTROL.search(url):
        raise TwilioError(11100, "invalid URL: too long, or control characters in it")
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        if scheme not in ("http", "https"):
            raise TwilioError(11100, "invalid URL: not an absolute http:// or https:// URL")
        if not parts.hostname or parts.port == 0:
            raise ValueError("no host, or port 0")
        userinfo, _, place = parts.netloc.rpartition("@")
        place = place if _PLAIN.fullmatch(place) else _idna(place)
        query = "?" + _ascii(parts.query) if parts.query else ""
        wire = URL(f"{scheme}://{place}{_ascii(parts.path) or '/'}{query}", encoded=True)
        if not wire.raw_host or not _PLAIN.fullmatch(place):
            raise ValueError("no usable host")
    except ValueError as error:
        raise TwilioError(11100, f"invalid URL: {error}") from None
    return Target(wire, userinfo, parts.fragment)


def encode(params: Params) -> str:
    """Return ``params`` as application/x-www-form-urlencoded, repeated names repeated."""
    return urlencode([(name, value) for name in params for value in values(params, name)])


def _ascii(text: str) -> str:
    """Percent-encode what may not stand in a URL; leave the rest alone."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe="!#$%&'()*+,/:;=?@[]~|\\^`{}\"<>")


def _idna(place: str) -> str:
    """Host and port with the host in IDNA."""
    url = URL(f"//{place}")
    host = url.raw_host or ""
    return host if url.explicit_port is None else f"{host}:{url.explicit_port}"
