"""Answers to GET requests kept for reuse.

RFC 9111, a private cache for documents: Cache-Control, Expires, Age, ETag, Last-Modified.
POST never comes here.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ari_app.http.exchange import Answer

#: Request headers that never change the answer for one key of this cache.
_HARMLESS_VARY = frozenset({"accept", "accept-encoding", "user-agent", "x-twilio-signature"})
_LONGEST = 86_400.0


@dataclass(frozen=True, slots=True)
class Kept:
    """One 200 answer and until when it is fresh (seconds of the cache's clock)."""

    answer: Answer
    fresh_until: float

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that ask whether it is still valid."""
        pairs = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
        headers = self.answer.headers
        return {ask: headers[stated] for ask, stated in pairs if stated in headers}


class DocumentCache:
    """Least recently used answers, bounded by number and bytes.

    The key is the full URL and whose credentials asked, so no customer sees another's.
    """

    def __init__(
        self,
        most: int = 1000,
        most_bytes: int = 16_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._bytes = 0
        self._most = most
        self._most_bytes = most_bytes
        self._clock = clock

    def get(self, key: tuple[str, str]) -> Kept | None:
        """Return what is kept, fresh or not."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def fresh(self, kept: Kept) -> bool:
        """Tell whether it may be used without asking."""
        return self._clock() < kept.fresh_until

    def keep(self, key: tuple[str, str], answer: Answer) -> None:
        """Keep a 200 answer if its headers allow it; otherwise forget the older one."""
        self.forget(key)
        lifetime = _lifetime(answer.headers)
        kept = Kept(answer, self._clock() + lifetime)
        useful = lifetime > 0 or kept.conditions
        if lifetime < 0 or not useful or len(answer.body) > self._most_bytes:
            return
        self._kept[key] = kept
        self._bytes += len(answer.body)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self.forget(next(iter(self._kept)))

    def renew(self, key: tuple[str, str], kept: Kept, headers: Mapping[str, str]) -> None:
        """Take over the lifetime that a 304 states."""
        if key in self._kept:
            until = self._clock() + max(0.0, _lifetime(headers))
            self._kept[key] = replace(kept, fresh_until=until)

    def forget(self, key: tuple[str, str]) -> None:
        """Drop one answer."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept.answer.body)


def _lifetime(headers: Mapping[str, str]) -> float:
    """Seconds an answer stays fresh; 0: ask each time; negative: may not be kept.

    No heuristics: an answer that states no lifetime is asked for again.
    """
    control = _directives(headers.get("Cache-Control", ""))
    vary = {name.strip().lower() for name in headers.get("Vary", "").split(",") if name.strip()}
    if "no-store" in control or "Set-Cookie" in headers or not vary <= _HARMLESS_VARY:
        return -1.0
    if "no-cache" in control:
        return 0.0
    if "max-age" in control:
        age = _number(headers.get("Age", "0"))
        return min(_LONGEST, max(0.0, _number(control["max-age"]) - age))
    if "Expires" in headers:
        return min(_LONGEST, max(0.0, _until(headers["Expires"], headers.get("Date"))))
    return 0.0


def _directives(header: str) -> dict[str, str]:
    """Cache-Control's directives by lower-case name."""
    pairs = (part.strip().partition("=") for part in header.split(","))
    return {name.lower(): value.strip('"') for name, _, value in pairs if name}


def _number(text: str) -> float:
    """Whole seconds; 0 when unreadable."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0.0


def _until(expires: str, date: str | None) -> float:
    """Seconds from the server's own ``Date`` to ``Expires``; 0 when unreadable."""
    try:
        end = parsedate_to_datetime(expires)
        start = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return (end - start).total_seconds()
    except (TypeError, ValueError):
        return 0.0
