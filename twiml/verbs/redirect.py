"""Go on with another document (Twilio: <Redirect>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Attribute, Reader, Values, VerbSpec
from twiml.values import Method, method

METHOD: Attribute[Method] = Attribute("method", method, "POST", code=13710)


@dataclass(frozen=True, slots=True)
class Redirect(Verb):
    """Fetch ``url`` and run it; an empty ``url`` is the current document's."""

    url: str
    method: Method = "POST"


def build(element: Element, values: Values, reader: Reader) -> Redirect:
    """Make the verb."""
    return Redirect(element.text, values[METHOD], line=element.line)


SPEC = VerbSpec(
    "Redirect",
    (METHOD,),
    text="address of the next document, absolute or relative; empty: the same document",
    note="nothing after it runs",
    build=build,
)
