"""Wait in silence (Twilio: <Pause>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Attribute, Reader, Values, VerbSpec
from twiml.values import seconds

#: No call is longer (Twilio: limits, 24 hours).
LONGEST_CALL = 86_400

LENGTH = Attribute("length", seconds(1, LONGEST_CALL), 1, code=13910, note="whole seconds")


@dataclass(frozen=True, slots=True)
class Pause(Verb):
    """Wait ``length`` seconds; as first verb it delays the answer."""

    length: int = 1


def build(element: Element, values: Values, reader: Reader) -> Pause:
    """Make the verb."""
    return Pause(values[LENGTH], line=element.line)


SPEC = VerbSpec("Pause", (LENGTH,), note="as first verb it delays the answer", build=build)
