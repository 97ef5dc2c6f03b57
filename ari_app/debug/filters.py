"""The filter language that every command shares. Pure.

    type:Channel*                 a type, `*` and `?` as in file names, commas between several
    app: channel: bridge: call: caller: verb: kind: source: node: id:     likewise
    slow  slow>250ms  ms>1s       took longer than (100 ms if nothing is said)
    error  status>=400            failed
    channel.name~PJSIP            any member of the JSON: ~ finds a regular expression in it,
    data.body.media=sound:hello   = is equal, != and !~ are not, < > <= >= compare
    hello                         the word anywhere in type, ids, names, caller
    a b, a and b, a or b, not a, ( )                                 combine

Upper and lower case are the same. `id:` knows every id of a call: its SID, channels, bridges.
"""

from __future__ import annotations

from collections.abc import Callable

from ari_app.debug.filter_terms import term
from ari_app.debug.filter_text import FilterError, Token, tokens
from ari_app.debug.record import Item

__all__ = ["Filter", "FilterError", "parse"]

Filter = Callable[[Item], bool]


def parse(text: str) -> Filter:
    """Read a filter; the empty one lets everything pass. Raises FilterError."""
    parser = _Parser(text)
    if parser.next.sort == "end":
        return _everything
    found = parser.either()
    if parser.next.sort != "end":
        raise FilterError(text, parser.next.position, "a closing bracket too many")
    return found


def _everything(_: Item) -> bool:
    return True


class _Parser:
    """Recursive descent: `or` binds least, then `and` (also unsaid), then `not`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = iter(tokens(text))
        self.next = next(self._tokens)

    def either(self) -> Filter:
        """Read alternatives up to a closing bracket or the end."""
        choices = [self._both()]
        while self.next.sort == "or":
            self._take()
            choices.append(self._both())
        return choices[0] if len(choices) == 1 else lambda item: any(one(item) for one in choices)

    def _both(self) -> Filter:
        parts = [self._one()]
        while self.next.sort in ("and", "not", "(", "word"):
            if self.next.sort == "and":
                self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda item: all(one(item) for one in parts)

    def _one(self) -> Filter:
        token = self._take()
        if token.sort == "not":
            inner = self._one()
            return lambda item: not inner(item)
        if token.sort == "(":
            inner = self.either()
            if self.next.sort != ")":
                raise FilterError(self._text, token.position, "this bracket is not closed")
            self._take()
            return inner
        if token.sort != "word":
            raise FilterError(self._text, token.position, _expected(token))
        if self.next.sort != "op":
            return self._term(token, None, None)
        operator = self._take()
        if self.next.sort != "word":
            reason = f"nothing to compare {token.text} with"
            raise FilterError(self._text, self.next.position, reason)
        return self._term(token, operator, self._take())

    def _term(self, name: Token, operator: Token | None, value: Token | None) -> Filter:
        try:
            return term(name.text, operator.text if operator else "", value.text if value else "")
        except LookupError as error:
            raise FilterError(self._text, name.position, str(error.args[0])) from None
        except ValueError as error:
            raise FilterError(self._text, (value or name).position, str(error)) from None

    def _take(self) -> Token:
        taken = self.next
        if taken.sort != "end":
            self.next = next(self._tokens)
        return taken


def _expected(token: Token) -> str:
    if token.sort == "end":
        return "something is missing at the end"
    return f"a condition should stand here, not {token.text!r}"
