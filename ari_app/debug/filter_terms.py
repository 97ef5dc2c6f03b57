"""What a single condition of a filter means."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ari_app.debug.record import Item

Condition = Callable[[Item], bool]

#: Milliseconds from which `slow` alone means something.
SLOW = 100.0

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min)?", re.IGNORECASE)
_UNITS = {"ms": 1.0, "s": 1000.0, "min": 60_000.0}


def term(name: str, sign: str, value: str) -> Condition:
    """Make one condition; without a sign `name` is a word.

    Raises LookupError for a name and ValueError for a value that cannot be.
    """
    lower = name.lower()
    if not sign:
        if lower == "error":
            return failed
        if lower == "slow":
            return _duration(">", f"{SLOW}ms")
        return _mentions(name)
    if sign == ":":
        return _glob(_values(lower, name), value)
    if lower in ("slow", "ms", "duration") and sign in _COMPARE:
        return _duration(">" if lower == "slow" and sign == "=" else sign, value)
    values = _values(lower, name)
    if sign in ("~", "!~"):
        return _search(values, value, wanted=sign == "~")
    if sign in ("=", "!="):
        return _equal(values, value, wanted=sign == "=")
    return _greater(values, sign, value)


def failed(item: Item) -> bool:
    """Whether something went wrong: an error, or a status of 400 and above."""
    return bool(item.error) or item.status >= 400


def identities(item: Item) -> Iterator[str]:
    """All ids and names under which the item can be asked for."""
    yield from filter(None, (item.call, item.channel, item.bridge, *item.linked))
    for part in ("channel", "peer", "caller", "bridge", "playback", "recording"):
        found = item.data.get(part) if isinstance(item.data, dict) else None
        if isinstance(found, dict):
            yield from (v for k in ("id", "name") if isinstance(v := found.get(k), str) and v)


def at_path(data: Any, path: list[str]) -> Iterator[Any]:
    """Every value at a path of member names; lists are gone into."""
    if isinstance(data, list | tuple):
        for one in data:
            yield from at_path(one, path)
    elif not path:
        if data is not None:
            yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            if str(key).lower() == path[0]:
                yield from at_path(value, path[1:])


def _channel(item: Item) -> Iterator[str]:
    yield item.channel
    yield from item.linked
    for part in ("channel", "peer", "caller"):
        for key in ("id", "name"):
            yield from at_path(item.data, [part, key])


def _bridge(item: Item) -> Iterator[str]:
    yield item.bridge
    for key in ("id", "name"):
        yield from at_path(item.data, ["bridge", key])


def _caller(item: Item) -> Iterator[str]:
    yield item.caller
    for key in ("number", "name"):
        yield from at_path(item.data, ["channel", "caller", key])


def _verb(item: Item) -> Iterator[str]:
    if item.kind == "twiml":
        yield item.type


_KEYS: dict[str, Callable[[Item], Iterable[Any]]] = {
    "app": lambda item: (item.app,),
    "type": lambda item: (item.type,),
    "kind": lambda item: (item.kind,),
    "source": lambda item: (item.source,),
    "node": lambda item: (item.node, *at_path(item.data, ["node"])),
    "call": lambda item: (item.call,),
    "status": lambda item: (item.status,) if item.status else (),
    "ms": lambda item: () if item.ms is None else (item.ms,),
    "error": lambda item: (item.error,) if failed(item) else (),
    "seq": lambda item: (item.seq,),
    "at": lambda item: (item.at,),
    "channel": _channel,
    "bridge": _bridge,
    "caller": _caller,
    "verb": _verb,
    "id": identities,
}


def _values(lower: str, name: str) -> Callable[[Item], Iterable[Any]]:
    if lower in _KEYS:
        return _KEYS[lower]
    path = lower.removeprefix("data.").split(".")
    if not all(path):
        raise LookupError(f"{name!r} is no name of a member")
    return lambda item: at_path(item.data, path)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _glob(values: Callable[[Item], Iterable[Any]], pattern: str) -> Condition:
    choices = [fnmatch.translate(part) for part in pattern.split(",") if part]
    if not choices:
        raise ValueError("a pattern is missing")
    found = re.compile("|".join(choices), re.IGNORECASE)
    return lambda item: any(v != "" and found.match(_text(v)) for v in values(item))


def _search(values: Callable[[Item], Iterable[Any]], text: str, *, wanted: bool) -> Condition:
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return lambda item: any(pattern.search(_text(v)) for v in values(item)) is wanted


def _equal(values: Callable[[Item], Iterable[Any]], text: str, *, wanted: bool) -> Condition:
    plain = text.lower()
    return lambda item: any(_text(v).lower() == plain for v in values(item)) is wanted


def _greater(values: Callable[[Item], Iterable[Any]], sign: str, text: str) -> Condition:
    compare = _COMPARE[sign]
    try:
        limit = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None

    def condition(item: Item) -> bool:
        for value in values(item):
            try:
                if compare(float(value), limit):
                    return True
            except (TypeError, ValueError):
                continue
        return False

    return condition


def _duration(sign: str, text: str) -> Condition:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration such as 100ms or 1.5s")
    limit = float(match[1]) * _UNITS[(match[2] or "ms").lower()]
    compare = _COMPARE[sign]
    return lambda item: item.ms is not None and compare(item.ms, limit)


def _mentions(word: str) -> Condition:
    glob = any(sign in word for sign in "*?")
    pattern = re.compile(fnmatch.translate(word) if glob else re.escape(word), re.IGNORECASE)

    def condition(item: Item) -> bool:
        texts = (item.type, item.kind, item.caller, item.app, *identities(item))
        return any(pattern.match(t) if glob else pattern.search(t) for t in texts)

    return condition
