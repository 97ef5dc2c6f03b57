"""End the call (Twilio: <Hangup>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Reader, Values, VerbSpec
from twiml.verbs.parameter import IGNORED_PARAMETER


@dataclass(frozen=True, slots=True)
class Hangup(Verb):
    """End the call; nothing after it runs."""


def build(element: Element, values: Values, reader: Reader) -> Hangup:
    """Make the verb."""
    return Hangup(line=element.line)


SPEC = VerbSpec("Hangup", children=(IGNORED_PARAMETER,), build=build)
