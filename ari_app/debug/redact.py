"""A recording without who called whom, for a ticket. Pure."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ari_app.debug.record import Item

#: Members that are a person's: their digits become 0, other letters x.
_PERSONAL = frozenset(
    {"number", "name", "from", "to", "caller", "called", "callername", "digits", "digit"}
)
#: Objects in which `name` is a person's.
_PARTIES = frozenset({"caller", "connected"})
_NUMBER = re.compile(r"\+?\d{7,15}(?!\d)")


def redacted(item: Item) -> Item:
    """A copy whose phone numbers keep their length, and names and pressed keys are gone."""
    return msgspec.structs.replace(
        item, caller=_numbers(item.caller), data=_clean(item.data, party=False)
    )


def _clean(value: Any, *, party: bool) -> Any:
    if isinstance(value, dict):
        return {key: _member(str(key), one, party) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean(one, party=party) for one in value]
    return _numbers(value) if isinstance(value, str) else value


def _member(key: str, value: Any, party: bool) -> Any:
    lower = key.lower()
    if isinstance(value, str) and (party or (lower in _PERSONAL and lower != "name")):
        return re.sub(r"[^\W\d]", "x", re.sub(r"\d", "0", value))
    return _clean(value, party=lower in _PARTIES)


def _numbers(text: str) -> str:
    """Numbers as they are dialled; ids, which hold letters or points, stay."""
    return _NUMBER.sub(
        lambda match: re.sub(r"\d", "0", match[0]) if _stands_alone(text, match) else match[0],
        text,
    )


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    before = text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 1]
    return not (before.isalnum() or before in (".", "-") or after.isalnum() or after in (".", "-"))
