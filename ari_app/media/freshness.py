"""What HTTP says about keeping an answer (RFC 9111), as far as a private cache needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_MAX_AGE = 365 * 86400
_DIRECTIVE = re.compile(r'([a-z-]+)(?:\s*=\s*"?([^",]*)"?)?', re.IGNORECASE)


def directives(cache_control: str) -> dict[str, str]:
    """Split a Cache-Control value: lower-case names, a value or an empty string each."""
    return {name.lower(): value.strip() for name, value in _DIRECTIVE.findall(cache_control)}


def may_store(headers: Mapping[str, str]) -> bool:
    """Tell whether the answer may be kept beyond the request it answers."""
    return "no-store" not in directives(headers.get("Cache-Control", ""))


def lifetime(headers: Mapping[str, str]) -> float:
    """Return the seconds for which the answer needs no question to its server.

    ``max-age`` less ``Age``, else ``Expires`` less ``Date``, else 0: no guessing from
    Last-Modified, as a conditional request costs little and a stale prompt annoys.
    """
    control = directives(headers.get("Cache-Control", ""))
    if "no-cache" in control or "no-store" in control:
        return 0.0
    if "max-age" in control:
        return max(0.0, _seconds(control["max-age"]) - _seconds(headers.get("Age", "0")))
    try:
        expires = parsedate_to_datetime(headers["Expires"])
        date = parsedate_to_datetime(headers["Date"])
        return min(max(0.0, (expires - date).total_seconds()), float(_MAX_AGE))
    except (KeyError, ValueError, TypeError, OverflowError):
        return 0.0


def _seconds(text: str) -> float:
    return min(float(text[:12]), float(_MAX_AGE)) if text.isascii() and text.isdigit() else 0.0
