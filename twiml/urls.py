"""The address a stream connects to, from the one written in the document.

Source: Twilio, <Stream> noun, attribute url; error dictionary 31922 and 31923.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from twiml.messages import cut
from twiml.model import TwimlError

UNSUPPORTED_SCHEME = 31922
MALFORMED_URL = 31923

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>\"\\^`{|}]")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]+")
_FOR_RELATIVE = {"http": "ws", "https": "wss"}
# Everything RFC 3986 allows in a path or query, and % because it is written encoded.
_SAFE = "/%:@!$&'()*+,;=-._~?"


def stream_url(
    raw: str, keep_query: bool = False, *, base: str | None = None, allow_ws: bool = True
) -> str:
    """Return the absolute ``wss://`` (or ``ws://``) address that ``raw`` stands for.

    The fragment is dropped, and so is the query unless ``keep_query``: on Twilio it never
    reaches the app. ``base`` is the document's address, against which a relative one is
    resolved (https gives wss, http gives ws). Without ``allow_ws``, plain ws is refused too.

    Raises TwimlError 31922 for any other scheme, 31923 for what is no address.
    """
    raw = raw.strip()
    if not raw:
        raise TwimlError(MALFORMED_URL, "Stream has no url")
    if _FORBIDDEN.search(raw):
        raise TwimlError(MALFORMED_URL, f"stream url {cut(raw)!r} has characters not allowed")
    absolute = raw if _SCHEME.match(raw) else _resolve(raw, base)
    try:
        parts = urlsplit(absolute)
        host, port = parts.hostname, parts.port
        ascii_host = (host or "").encode("idna").decode("ascii")
    except ValueError as error:  # bad brackets, a port out of range, a label too long
        raise TwimlError(MALFORMED_URL, f"stream url {cut(raw)!r}: {error}") from error
    if parts.scheme not in (("wss", "ws") if allow_ws else ("wss",)):
        raise TwimlError(
            UNSUPPORTED_SCHEME, f"stream url {cut(raw)!r}: {parts.scheme}:// is not wss://"
        )
    if not _HOST.fullmatch(ascii_host) or port == 0:
        raise TwimlError(MALFORMED_URL, f"stream url {cut(raw)!r} names no valid host and port")
    literal = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    user, at, _ = parts.netloc.rpartition("@")
    netloc = quote(user, safe=_SAFE) + at + literal + (f":{port}" if port else "")
    query = quote(parts.query, safe=_SAFE) if keep_query else ""
    # An empty path is requested, and so signed, as "/" (RFC 9112, 3.2.1).
    return urlunsplit((parts.scheme, netloc, quote(parts.path, safe=_SAFE) or "/", query, ""))


def _resolve(raw: str, base: str | None) -> str:
    try:
        scheme = urlsplit(base or "").scheme
        if scheme in _FOR_RELATIVE:
            return _FOR_RELATIVE[scheme] + urljoin(base or "", raw).removeprefix(scheme)
    except ValueError:
        pass
    raise TwimlError(MALFORMED_URL, f"stream url {cut(raw)!r} is relative and has no base")
