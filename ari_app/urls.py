"""URLs as they may be shown."""

from __future__ import annotations

import re

_SHOWN = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def safe(url: str) -> str:
    """Return ``url`` fit for a log: no userinfo, no fragment, bounded."""
    head = _CONTROL.sub("?", url.partition("#")[0])
    scheme, sep, rest = head.partition("://")
    if sep:
        place, slash, tail = rest.partition("/")
        head = scheme + sep + place.rpartition("@")[2] + slash + tail
    return head if len(head) <= _SHOWN else head[:_SHOWN] + "…"
