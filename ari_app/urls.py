"""URLs as they may be shown, and whose they are."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SHOWN = 300
_LONGEST_HOST = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def safe(url: str) -> str:
    """Return ``url`` fit for a log: no userinfo, no fragment, bounded."""
    head = _CONTROL.sub("?", url.partition("#")[0])
    scheme, sep, rest = head.partition("://")
    if sep:
        place, slash, tail = rest.partition("/")
        head = scheme + sep + place.rpartition("@")[2] + slash + tail
    return head if len(head) <= _SHOWN else head[:_SHOWN] + "…"


def host(url: str) -> str:
    """Return host and port of ``url`` as written, lower case; empty when it has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()[:_LONGEST_HOST]
    except ValueError:
        return ""
