"""Refuse an unanswered call (Twilio: <Reject>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Attribute, Reader, Values, VerbSpec
from twiml.values import one_of
from twiml.verbs.parameter import IGNORED_PARAMETER

REASON = Attribute(
    "reason", one_of("rejected", "busy"), "rejected", code=13810, note="rejected or busy"
)


@dataclass(frozen=True, slots=True)
class Reject(Verb):
    """Refuse the call without answering; on an answered one the same as Hangup."""

    reason: str = "rejected"


def build(element: Element, values: Values, reader: Reader) -> Reject:
    """Make the verb."""
    return Reject(values[REASON], line=element.line)


SPEC = VerbSpec(
    "Reject",
    (REASON,),
    children=(IGNORED_PARAMETER,),
    note="as first verb the call is never answered",
    build=build,
)
