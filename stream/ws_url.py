"""A stream's URL taken apart for the handshake."""

from __future__ import annotations

import base64
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

_SAFE = "/:?#[]@!$&'()*+,;=%~"
_PORTS = {"ws": 80, "wss": 443}


class UrlError(Exception):
    """No URL a stream can go to: Twilio's ``code`` (31922 or 31923) and the reason."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Target(NamedTuple):
    """Where to connect, and the URL as it is asked for (no user, query only if wanted)."""

    url: str
    host: str
    port: int
    secure: bool
    authorization: str | None


def target(url: str, *, keep_query: bool = False) -> Target:
    """Take ``url`` apart; user and password become Basic credentials (RFC 7617).

    Raises `UrlError`: 31922 for a scheme other than ws and wss, 31923 for a malformed URL.
    """
    try:
        parts = urlsplit(url.strip())
        scheme = parts.scheme.lower()
        port = parts.port or _PORTS.get(scheme, 0)
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except (ValueError, UnicodeError) as error:
        raise UrlError(31923, f"malformed URL: {error}") from None
    if scheme not in _PORTS:
        raise UrlError(31922, f"scheme {parts.scheme!r} is not wss")
    if not host or any(char <= " " for char in host):
        raise UrlError(31923, "malformed URL: no host")
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    authority = f"[{host}]" if ":" in host else host
    if parts.port:
        authority += f":{parts.port}"
    resource = quote(parts.path or "/", safe=_SAFE)
    if keep_query and parts.query:
        resource += "?" + quote(parts.query, safe=_SAFE)
    return Target(f"{scheme}://{authority}{resource}", host, port, scheme == "wss", authorization)


def shown(url: str) -> str:
    """Return ``url`` as it may be logged: without user, password, query and fragment."""
    try:
        where = target(url)
    except UrlError:
        return "(malformed)"
    return where.url
