"""URLs as they may be shown, and whose they are."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SHOWN = 300
_LONGEST_HOST = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def bare(url: str) -> str:
    """Return ``url`` as it may be told: no userinfo, no fragment."""
    scheme, sep, rest = url.partition("#")[0].partition("://")
    end = min((n for n in map(rest.find, "/?") if n >= 0), default=len(rest))
    return scheme + sep + rest[:end].rpartition("@")[2] + rest[end:]


def safe(url: str) -> str:
    """Return ``url`` fit for a log: no userinfo, no fragment, bounded."""
    head = _CONTROL.sub("?", bare(url))
    return head if len(head) <= _SHOWN else head[:_SHOWN] + "…"


def host(url: str) -> str:
    """Return host and port of ``url`` as written, lower case; empty when it has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()[:_LONGEST_HOST]
    except ValueError:
        return ""
