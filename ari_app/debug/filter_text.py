"""The filter language as tokens; knows positions, not meanings."""

from __future__ import annotations

import re
from typing import NamedTuple

_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(
    r"""(?P<bracket>[()])
      | (?P<op>!=|!~|>=|<=|[:=~<>])
      | (?P<sign>&&?|\|\|?|!)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<word>[^\s()"&|!:=~<>]+)""",
    re.VERBOSE,
)
#: Behind an operator a value may hold what is an operator elsewhere: a number, URL, PJSIP URI.
_VALUE = re.compile(r'[^\s()"]+')
_WORDS: dict[str, str] = {"and": "and", "or": "or", "not": "not"}
_SIGNS: dict[str, str] = {"&": "and", "&&": "and", "|": "or", "||": "or", "!": "not"}


class FilterError(ValueError):
    """A filter that cannot be read. `position` counts characters from 0."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(reason)
        self.text = text
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}\n  {self.text}\n  {' ' * self.position}^"


class Token(NamedTuple):
    """A piece of a filter and where it begins.

    Sorts: brackets, `and`, `or`, `not`, `op`, `word` (anything quoted is one), `end`.
    """

    sort: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Cut a filter into tokens, `end` last; raises FilterError."""
    found: list[Token] = []
    position = _skip(text, 0)
    while position < len(text):
        behind = bool(found) and found[-1].sort == "op"
        match = _VALUE.match(text, position) if behind else None
        if match:
            found.append(Token("word", match[0], position))
        else:
            match = _TOKEN.match(text, position)
            if match is None:
                raise FilterError(text, position, "a quotation mark is not closed")
            found.append(_token(match, position))
        position = _skip(text, match.end())
    found.append(Token("end", "", len(text)))
    return found


def _token(match: re.Match[str], position: int) -> Token:
    kind, content = match.lastgroup, match[match.lastgroup or 0]
    if kind == "bracket":
        return Token("(" if content == "(" else ")", content, position)
    if kind == "op":
        return Token("op", content, position)
    if kind == "sign":
        return Token(_SIGNS[content], content, position)
    if kind == "quoted":
        return Token("word", re.sub(r"\\(.)", r"\1", content), position)
    return Token(_WORDS.get(content.lower(), "word"), content, position)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
