"""Join the call to something until that ends (Twilio: <Connect>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Unsupported, Verb
from twiml.schema import SCHEMA_VIOLATION, Attribute, Reader, Spec, Values, VerbSpec
from twiml.values import Method, method, url
from twiml.verbs import stream
from twiml.verbs.unsupported import CONNECT_NOUNS

ACTION: Attribute[str | None] = Attribute(
    "action", url, None, note="asked for TwiML when the noun ends; without it the next verb runs"
)
METHOD: Attribute[Method] = Attribute("method", method, "POST")


@dataclass(frozen=True, slots=True)
class Connect(Verb):
    """Stream the call; blocks until the stream ends, then ``action`` or the next verb."""

    stream: stream.Stream
    action: str | None = None
    method: Method = "POST"


def build(element: Element, values: Values, reader: Reader) -> Verb | None:
    """Make the verb from its first noun; further nouns are ignored."""
    nouns = [child for child in element.children if child.name in NOUNS]
    if not nouns:
        reader.warn(SCHEMA_VIOLATION, "<Connect> has no noun and is ignored", element.line)
        return None
    for extra in nouns[1:]:
        reader.warn(
            SCHEMA_VIOLATION,
            f"<Connect> takes one noun; this <{extra.name}> is ignored",
            extra.line,
        )
    first = nouns[0]
    if first.name in CONNECT_NOUNS:
        return Unsupported(f"Connect/{first.name}", CONNECT_NOUNS[first.name], line=element.line)
    return Connect(stream.build(first, reader), values[ACTION], values[METHOD], line=element.line)


SPEC = VerbSpec(
    "Connect",
    (ACTION, METHOD),
    children=(
        stream.SPEC,
        *(Spec(name, note=note, status="rejected") for name, note in CONNECT_NOUNS.items()),
    ),
    note="takes one noun and blocks until it ends",
    build=build,
)

NOUNS = {noun.name for noun in SPEC.children or ()}
