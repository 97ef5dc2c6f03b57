"""A customer's URL, taken apart for the wire, the signature and the log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from yarl import URL

from ari_app.errors import TwilioError
from ari_app.http.sign import Params, values

_LONGEST = 16_000
_SHOWN = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Target:
    """One request's URL. ``signed`` is as requested with userinfo, ``wire`` without."""

    wire: URL
    signed: str
    login: str
    password: str
    fragment: str

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Scheme, host and port; credentials stay within one origin."""
        return self.wire.scheme, self.wire.raw_host or "", self.wire.port

    def with_query(self, params: Params) -> Target:
        """Return the target with ``params`` appended to the query (GET)."""
        if not params:
            return self
        extra = encode(params)
        joint = "&" if "?" in self.signed else "?"
        wire = URL(str(self.wire) + joint + extra, encoded=True)
        return Target(wire, self.signed + joint + extra, self.login, self.password, self.fragment)

    def join(self, location: str) -> Target:
        """Return where a ``Location`` leads; credentials go along within one origin."""
        try:
            target = parse(urljoin(str(self.wire), location))
        except ValueError:
            raise TwilioError(11100, f"redirect to an invalid URL {safe(location)}") from None
        if self.login and not target.login and target.origin == self.origin:
            return Target(target.wire, target.signed, self.login, self.password, target.fragment)
        return target


def parse(url: str) -> Target:
    """Take ``url`` apart; raises TwilioError 11100 when it is no absolute http(s) URL.

    A URL of plain ASCII stays byte for byte what was configured, because the receiver checks
    the signature over what it sees. Other characters are percent-encoded (hosts: IDNA), and
    an empty path becomes ``/``.
    """
    url = url.strip(" ")
    if len(url) > _LONGEST or _CONTROL.search(url):
        raise TwilioError(11100, f"invalid URL {safe(url)}: too long, or control characters")
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https"):
            raise TwilioError(11100, f"invalid URL {safe(url)}: not http:// or https://")
        userinfo, _, place = parts.netloc.rpartition("@")
        if not parts.hostname or parts.port == 0:
            raise ValueError("no host, or port 0")
        login, _, password = userinfo.partition(":")
        place = place if _PLAIN.fullmatch(place) else _idna(place)
        query = "?" + _ascii(parts.query) if parts.query else ""
        rest = (_ascii(parts.path) or "/") + query
        scheme = parts.scheme.lower() + "://"
        wire = URL(scheme + place + rest, encoded=True)
        if not wire.raw_host:
            raise ValueError("no host")
    except (ValueError, UnicodeError) as error:
        raise TwilioError(11100, f"invalid URL {safe(url)}: {error}") from None
    signed = scheme + (userinfo + "@" if userinfo else "") + place + rest
    return Target(wire, signed, unquote(login), unquote(password), parts.fragment)


def safe(url: str) -> str:
    """Return ``url`` fit for a log: no userinfo, no fragment, bounded."""
    head = _CONTROL.sub("?", url.partition("#")[0])
    scheme, sep, rest = head.partition("://")
    if sep:
        place, slash, tail = rest.partition("/")
        head = scheme + sep + place.rpartition("@")[2] + slash + tail
    return head if len(head) <= _SHOWN else head[:_SHOWN] + "…"


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
