"""The form in which verbs and nouns describe themselves, and the reader that applies it.

One description serves parsing, warnings and the reference page (docs/twiml.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any, Generic, Literal, TypeVar, cast

from twiml.markup import Element
from twiml.messages import cut
from twiml.model import Problem, Verb

T = TypeVar("T")

#: ``supported``: does what Twilio documents. ``ignored``: accepted without a warning and
#: without effect. ``rejected``: known, answered with error 13750. A verb is parsed all the
#: same; it is rejected as long as ``ari_app/call/verbs`` has nothing that runs it.
Status = Literal["supported", "ignored", "rejected"]

SCHEMA_VIOLATION = 12200

# A body of 64 kB can hold thousands of faults; nobody reads more than these.
MAX_WARNINGS = 50


class SalvagedError(ValueError):
    """An attribute of which a part can be used: ``value`` instead of the default."""

    def __init__(self, message: str, value: object) -> None:
        super().__init__(message)
        self.value = value


@dataclass(frozen=True, slots=True)
class Attribute(Generic[T]):
    """One attribute: how its text is read, its default, and the code of the warning.

    ``read`` raises ValueError, whose text completes "must be …", for an illegal value; the
    default is used then, or what a SalvagedError saved.
    """

    name: str
    read: Callable[[str], T]
    default: T
    code: int = SCHEMA_VIOLATION
    note: str = ""
    status: Status = "supported"
    #: What the reference page shows as default, where that is not the value itself.
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """A verb or noun: its attributes, what its text means, which elements it may hold."""

    name: str
    attributes: tuple[Attribute[Any], ...] = ()
    #: What the text inside means; empty: text has no place here.
    text: str = ""
    #: None: the builder looks at the content itself.
    children: tuple[Spec, ...] | None = ()
    note: str = ""
    status: Status = "supported"
    #: The warning for an element that may not stand inside.
    nested_code: int = SCHEMA_VIOLATION


class Values:
    """The attribute values of one element, defaults filled in."""

    def __init__(self, values: dict[str, object], spec: Spec) -> None:
        self._values = values
        self._spec = spec

    def __getitem__(self, attribute: Attribute[T]) -> T:
        return cast("T", self._values[attribute.name])

    def fields(self) -> dict[str, Any]:
        """Return the supported attributes as keyword arguments: ``timeLimit`` as ``time_limit``.

        What each dataclass makes of them is held by a test, not by the type checker.
        """
        return {
            field_name(item.name): self._values[item.name]
            for item in self._spec.attributes
            if item.status == "supported"
        }


@cache
def field_name(attribute: str) -> str:
    """Return the Python name of an attribute: ``numDigits`` is ``num_digits``."""
    return re.sub("(?=[A-Z])", "_", attribute).lower()


@dataclass(frozen=True, slots=True)
class VerbSpec(Spec):
    """A verb with the function that makes it; None from ``build`` drops the element."""

    build: Callable[[Element, Values, Reader], Verb | None] = field(kw_only=True)


class Reader:
    """Checks elements against their description and collects the warnings of one document."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def warn(self, code: int, message: str, line: int) -> None:
        """Note a warning; past ``MAX_WARNINGS`` only that there are more."""
        if not self.full:
            self.problems.append(Problem(code, message, line))
        elif len(self.problems) == MAX_WARNINGS:
            self.problems.append(Problem(SCHEMA_VIOLATION, "more problems follow", line))

    @property
    def full(self) -> bool:
        """Whether further warnings are no longer listed."""
        return len(self.problems) >= MAX_WARNINGS

    def read(self, element: Element, spec: Spec) -> Values:
        """Return the element's attribute values; warn about all that has no place in it."""
        values: dict[str, object] = {item.name: item.default for item in spec.attributes}
        known = {item.name: item for item in spec.attributes}
        for name, written in element.attributes.items():
            attribute = known.get(name)
            if attribute is None:
                hint = self.suggest(name, known)
                self.warn(
                    SCHEMA_VIOLATION,
                    f"<{spec.name}> has no attribute {cut(name)}{hint}; it is ignored",
                    element.line,
                )
                continue
            try:
                values[name] = attribute.read(written)
            except ValueError as error:
                if isinstance(error, SalvagedError):
                    values[name] = error.value
                self.warn(
                    attribute.code,
                    f"<{spec.name}> {name}={cut(written)!r}: must be {error}",
                    element.line,
                )
        if spec.children is not None:
            self._check_content(element, spec, {child.name for child in spec.children})
        return Values(values, spec)

    def _check_content(self, element: Element, spec: Spec, allowed: set[str]) -> None:
        for child in element.children:
            if child.name not in allowed:
                hint = self.suggest(child.name, allowed)
                self.warn(
                    spec.nested_code,
                    f"<{cut(child.name)}> has no place in <{spec.name}>{hint}; it is ignored",
                    child.line,
                )
        if not spec.text and element.text:
            self.warn(
                SCHEMA_VIOLATION,
                f"text {cut(element.text)!r} inside <{spec.name}> is ignored",
                element.line,
            )

    def suggest(self, name: str, known: Iterable[str]) -> str:
        """Return ``": did you mean x?"`` when one of ``known`` is near, else nothing."""
        if self.full or len(name) > 40:
            return ""
        by_lower = {item.lower(): item for item in known}
        near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.75)
        return f": did you mean {by_lower[near[0]]}?" if near else ""
