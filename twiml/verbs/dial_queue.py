"""A queue whose first caller is answered (Twilio: <Queue>)."""

from __future__ import annotations

from dataclasses import dataclass, field

from twiml.markup import Element
from twiml.schema import Attribute, Reader, Spec
from twiml.values import Method, link, method, string


@dataclass(frozen=True, slots=True)
class DialQueue:
    """Join the first caller of queue ``name``, who hears ``url`` before."""

    name: str
    url: str | None = None
    method: Method = "POST"
    line: int = field(default=0, compare=False, kw_only=True)


SPEC = Spec(
    "Queue",
    (
        Attribute("url", link, None, 14211, "TwiML that the queued caller hears first"),
        Attribute("method", method, "POST", 14210),
        Attribute("reservationSid", string, None, status="ignored"),
        Attribute("postWorkActivitySid", string, None, status="ignored"),
    ),
    text="the queue's name",
)


def build(element: Element, reader: Reader) -> DialQueue:
    """Make the noun."""
    fields = reader.read(element, SPEC).fields()
    return DialQueue(element.text, **fields, line=element.line)
