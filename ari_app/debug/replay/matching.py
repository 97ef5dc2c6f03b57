"""Whether a request is the recorded one, though ids, ports and paths are others. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ari_app.debug.record import Item

#: What is another one in each run: made-up ids, ports, folders of sound files. Not the words.
_TOKEN = re.compile(
    r"(?P<sound>(?:sound|recording):/[^\s,&\"]+|^/\S+\.raw$)"
    r"|(?P<id>\bM?[A-Z]{2}[0-9a-f]{32}"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\b[0-9a-f]{32,64}\b)"
    r"|(?P<address>\b\d{1,3}(?:\.\d{1,3}){3}:\d+)"
)
_STREAM = ("stream_sid", "url", "parameters", "name", "mode", "codec", "digit")
_ORIGIN = re.compile(r"https?://[^/\s\"'<>?#]+")
#: What the recorder hid fits everything.
_MASK = "***"


@dataclass(frozen=True)
class Request:
    """One request as it came; `path` below /ari, decoded."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def type(self) -> str:
        """As an item says it."""
        return f"{self.method} {self.path}"


class Bindings:
    """Which id of now stands for which of the recording; one for one."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}
        self._then: dict[str, str] = {}

    def same(self, then: str, now: str) -> bool:
        """Whether two texts are the same but for ids; what they bind is kept if so."""
        if _MASK in (then, now):
            return True
        found = self._pairs(then, now)
        if found is None:
            return False
        for one, other in found:
            self._now[one], self._then[other] = other, one
        return True

    def now(self, text: str) -> str:
        """Recorded text with the ids of now."""
        return _TOKEN.sub(lambda match: self._now.get(match[0], match[0]), text)

    def differences(self, item: Item, request: Request) -> list[str]:
        """How a request differs from the recorded one; none: it is the one, and is bound."""
        trial = self._copy()
        found = list(trial.differing(_recorded(item), _shown(request)))
        if not found:
            self._now, self._then = trial._now, trial._then
        return found

    def differing(self, then: Any, now: Any, where: str = "") -> Iterator[str]:
        """Every place where two JSON values differ."""
        if isinstance(then, dict) and isinstance(now, dict):
            for key in dict.fromkeys((*then, *now)):
                place = f"{where}.{key}" if where else str(key)
                if key not in now:
                    yield f"{place}: {then[key]!r} is missing"
                elif key not in then:
                    yield f"{place}: {now[key]!r} is new"
                else:
                    yield from self.differing(then[key], now[key], place)
        elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
            for number, (one, other) in enumerate(zip(then, now, strict=True)):
                yield from self.differing(one, other, f"{where}[{number}]")
        elif then != now and not self.same(str(then), str(now)):
            yield f"{where}: {then!r} was recorded, {now!r} came"
        elif isinstance(then, str) and isinstance(now, str):
            self.same(then, now)

    def _copy(self) -> Bindings:
        copy = Bindings()
        copy._now, copy._then = dict(self._now), dict(self._then)
        return copy

    def _pairs(self, then: str, now: str) -> list[tuple[str, str]] | None:
        if _TOKEN.sub(_sort, then) != _TOKEN.sub(_sort, now):
            return None
        pairs = []
        for one, other in zip(_TOKEN.finditer(then), _TOKEN.finditer(now), strict=True):
            if one.lastgroup == "address":
                continue
            bound = self._now.get(one[0], other[0]) == other[0]
            if not bound or (one.lastgroup == "id" and self._then.get(other[0], one[0]) != one[0]):
                return None
            pairs.append((one[0], other[0]))
        return pairs


def _sort(match: re.Match[str]) -> str:
    return f"\0{match.lastgroup}\0"


def _recorded(item: Item) -> dict[str, Any]:
    data = item.data if isinstance(item.data, dict) else {}
    return {"request": item.type} | {k: data[k] for k in ("query", "body") if data.get(k)}


def _shown(request: Request) -> dict[str, Any]:
    shown: dict[str, Any] = {"request": request.type}
    if request.query:
        shown["query"] = dict(request.query)
    return shown | ({"body": request.body} if request.body else {})


def stream_command(data: Mapping[str, Any]) -> dict[str, Any]:
    """What of a command to a stream worker must be the same again: no ports and signatures."""
    return {key: data[key] for key in _STREAM if data.get(key)}


def origins(items: list[Item]) -> list[str]:
    """Web servers that were asked or named in a recording, as `scheme://host:port`."""
    found: dict[str, None] = {}
    for item in items:
        if item.kind == "webhook" and isinstance(item.data, dict):
            for text in (item.data.get("url", ""), item.data.get("body", "")):
                found |= dict.fromkeys(_ORIGIN.findall(str(text)))
    return list(found)


def encoded(data: Any, bindings: Bindings) -> bytes:
    """Recorded JSON with the ids of now."""
    return bindings.now(msgspec.json.encode(data).decode()).encode()
