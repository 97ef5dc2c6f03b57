"""Per-URL time limits and retries, written in the fragment.

Twilio: Webhooks connection overrides, e.g. ``https://host/path#ct=2000&rc=2&rp=all``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ari_app.errors import TwilioError

_CAUSES = frozenset({"4xx", "5xx", "ct", "rt"})
_EDGE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-,")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one webhook. Times are seconds; ``total`` covers all tries and redirects.

    ``retry_on`` holds ``ct`` (no connection), ``rt`` (connected, no answer), ``4xx``, ``5xx``.
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})
    body: int = 65_536
    redirects: int = 10


def apply_overrides(limits: Limits, fragment: str) -> Limits:
    """Return ``limits`` with what ``fragment`` (without ``#``) asks for.

    A fragment without ``=`` is no override and is ignored. ``sni`` and ``e`` (edge) are
    checked and have no effect here. Raises TwilioError 11243 for anything else.
    """
    if "=" not in fragment:
        return limits
    for pair in fragment.split("&"):
        key, _, value = pair.partition("=")
        match key:
            case "ct":
                limits = replace(limits, connect=_number(key, value, 100, 10_000) / 1000)
            case "rt":
                limits = replace(limits, read=_number(key, value, 100, 15_000) / 1000)
            case "tt":
                limits = replace(limits, total=_number(key, value, 100, 15_000) / 1000)
            case "rc":
                limits = replace(limits, retries=_number(key, value, 0, 5))
            case "rp":
                limits = replace(limits, retry_on=_policy(value))
            case "sni" if value in ("y", "n"):
                pass
            case "e" if value and set(value) <= _EDGE:
                pass
            case _:
                raise TwilioError(11243, f"connection override {pair[:40]!r} is not known")
    return limits


def _number(key: str, value: str, low: int, high: int) -> int:
    """A whole number within its range."""
    if not (value.isascii() and value.isdigit() and len(value) <= 6):
        raise TwilioError(11243, f"connection override {key}={value[:20]!r} is not a number")
    if not low <= int(value) <= high:
        raise TwilioError(11243, f"connection override {key}={value} is not {low} to {high}")
    return int(value)


def _policy(value: str) -> frozenset[str]:
    """The causes of a retry: a comma list, or ``all``."""
    names = frozenset(value.replace("%2C", ",").replace("%2c", ",").split(","))
    if "all" in names and names <= _CAUSES | {"all"}:
        return _CAUSES
    if not names <= _CAUSES:
        raise TwilioError(11243, f"retry policy rp={value[:40]!r}: only 4xx, 5xx, ct, rt, all")
    return names
