"""Custom data for the other side of a stream (Twilio: <Parameter>)."""

from __future__ import annotations

from twiml.markup import Element
from twiml.messages import cut
from twiml.schema import SCHEMA_VIOLATION, Attribute, Reader, Spec
from twiml.values import string

#: Characters of name and value together (Twilio: <Stream>, custom parameters).
MAX_PARAMETER = 500

NAME: Attribute[str | None] = Attribute("name", string, None, shown="required")
VALUE: Attribute[str | None] = Attribute("value", string, None, shown="empty")

SPEC = Spec(
    "Parameter",
    (NAME, VALUE),
    note=f"name and value together at most {MAX_PARAMETER} characters, a longer one is"
    " dropped; of two with one name the last counts",
)

IGNORED_PARAMETER = Spec("Parameter", (NAME, VALUE), status="ignored")


def parameters(element: Element, reader: Reader) -> dict[str, str]:
    """Return the ``<Parameter>`` children of ``element`` by name."""
    found: dict[str, str] = {}
    for child in element.children:
        if child.name != SPEC.name:
            continue
        values = reader.read(child, SPEC)
        name, value = values[NAME], values[VALUE]
        if not name:
            reader.warn(SCHEMA_VIOLATION, "<Parameter> without a name is ignored", child.line)
            continue
        if value is None:
            reader.warn(
                SCHEMA_VIOLATION, f"<Parameter> {cut(name)!r} has no value; it is empty", child.line
            )
            value = ""
        if len(name) + len(value) > MAX_PARAMETER:
            reader.warn(
                SCHEMA_VIOLATION,
                f"<Parameter> {cut(name)!r} is over {MAX_PARAMETER} characters and is dropped",
                child.line,
            )
            continue
        found[name] = value
    return found
