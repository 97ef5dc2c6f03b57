"""Transfer the call to another SIP party (Twilio: <Refer>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import SCHEMA_VIOLATION, Attribute, Reader, Values, VerbSpec
from twiml.values import Method, link, method
from twiml.verbs import dial_sip


@dataclass(frozen=True, slots=True)
class Refer(Verb):
    """Ask the caller's side by SIP REFER to call ``uri`` (as written) instead."""

    uri: str
    action: str | None = None
    method: Method = "POST"


def build(element: Element, values: Values, reader: Reader) -> Refer | None:
    """Make the verb from its first ``<Sip>``; without one there is none."""
    targets = [child for child in element.children if child.name == "Sip"]
    if not targets:
        reader.warn(SCHEMA_VIOLATION, "<Refer> has no <Sip> and is ignored", element.line)
        return None
    for extra in targets[1:]:
        reader.warn(SCHEMA_VIOLATION, "<Refer> takes one <Sip>; this is ignored", extra.line)
    uri = dial_sip.target(targets[0], reader)
    return None if uri is None else Refer(uri, **values.fields(), line=element.line)


SPEC = VerbSpec(
    "Refer",
    (
        Attribute("action", link, None, note="without it the next verb runs"),
        Attribute("method", method, "POST"),
    ),
    children=(dial_sip.REFER_SPEC,),
    note="SIP REFER on the caller's leg; waits until the far end tells how its call went",
    build=build,
)
