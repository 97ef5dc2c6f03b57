"""Send the caller's audio back (in Twilio's helper libraries; undocumented)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Reader, Values, VerbSpec


@dataclass(frozen=True, slots=True)
class Echo(Verb):
    """Send the caller's audio back until the call ends."""


def build(element: Element, values: Values, reader: Reader) -> Echo:
    """Make the verb."""
    return Echo(line=element.line)


SPEC = VerbSpec(
    "Echo",
    note="until the call ends",
    build=build,
)
