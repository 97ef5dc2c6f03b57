"""Leave the queue (Twilio: <Leave>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Reader, Values, VerbSpec


@dataclass(frozen=True, slots=True)
class Leave(Verb):
    """Take the caller out of the queue; ``Enqueue`` ends."""


def build(element: Element, values: Values, reader: Reader) -> Leave:
    """Make the verb."""
    return Leave(line=element.line)


SPEC = VerbSpec(
    "Leave",
    note="ends <Enqueue>; without effect outside a queue's waitUrl",
    build=build,
)
