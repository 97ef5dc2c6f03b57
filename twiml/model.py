"""What parsing yields: a document of verbs, the problems found in it, and the fatal error."""

from __future__ import annotations

from dataclasses import dataclass, field


class TwimlError(Exception):
    """A document (or a stream's address) that cannot be used.

    ``code`` is Twilio's error number, ``line`` the line in the document (0: no line).
    """

    def __init__(self, code: int, message: str, line: int = 0) -> None:
        super().__init__(f"{code}: {message}" + (f" (line {line})" if line else ""))
        self.code = code
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault that does not stop the document: Twilio's warning number and where it is."""

    code: int
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class Verb:
    """One instruction of a document; ``line`` is where it begins and no part of equality."""

    line: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Unsupported(Verb):
    """A verb Twilio has and this switch lacks: error 13750, then the next verb runs.

    ``name`` is the verb, or verb and noun as ``Connect/Room``; ``message`` says what to use
    instead.
    """

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """The verbs of one document in order, and the warnings to tell its owner."""

    verbs: tuple[Verb, ...]
    warnings: tuple[Problem, ...] = ()
