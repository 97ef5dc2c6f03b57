"""Secrets are no part of what is told."""

from __future__ import annotations

import functools
import re
from typing import Any

MASK = "***"

_NAME = re.compile(
    r"passw|secret|token|authori[sz]ation|signature|credential|api[-_]?key|cookie|userpass|md5",
    re.IGNORECASE,
)
#: What only sounds like one.
_HARMLESS = frozenset({"idempotency_token"})
_ATTRIBUTE = re.compile(
    r"""(\b[\w:-]*(?:password|token|secret)[\w:-]*\s*=\s*)("[^"]*"|'[^']*')""", re.I
)
_PARAMETER = re.compile(
    r"""(<Parameter\b[^>]*\bname\s*=\s*["'][^"']*(?:password|token|secret|key)[^"']*["'][^>]*"""
    r"""\bvalue\s*=\s*)("[^"]*"|'[^']*')""",
    re.I,
)
_QUERY = re.compile(r"([?&][^=&#\s]*(?:passw|secret|token|key|sig)[^=&#\s]*=)[^&#\s\"'<]*", re.I)
_USERINFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s\"']+@", re.I)
_DEPTH = 12
#: Names up to this length are remembered, characters.
_SHORT = 64


def is_secret(name: str) -> bool:
    """Whether what is called so is not to be shown."""
    return _known(name) if len(name) <= _SHORT else _found(name)


def _found(name: str) -> bool:
    return name not in _HARMLESS and _NAME.search(name) is not None


#: The same members come in every event: this is half of what reading a tap costs.
_known = functools.lru_cache(4096)(_found)


def text(value: str) -> str:
    """Return text without userinfo in URLs, secret query parameters and TwiML attributes."""
    if "://" in value or "?" in value:
        value = _QUERY.sub(rf"\1{MASK}", _USERINFO.sub(r"\1", value))
    if "<" in value:
        value = _PARAMETER.sub(rf'\1"{MASK}"', _ATTRIBUTE.sub(rf'\1"{MASK}"', value))
    return value


def masked(value: Any, depth: int = 0) -> Any:
    """Return a copy of a JSON value without secrets: by name of a key, an attribute, a variable."""
    if isinstance(value, str):
        return text(value)
    if depth > _DEPTH:
        return MASK
    if isinstance(value, dict):
        named = next((value[k] for k in ("attribute", "variable") if k in value), "")
        hidden = isinstance(named, str) and is_secret(named)
        return {
            str(key): MASK
            if value_ and (is_secret(str(key)) or (hidden and key == "value"))
            else masked(value_, depth + 1)
            for key, value_ in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(one, depth + 1) for one in value]
    return value
