"""A registered client to dial (Twilio: <Client>)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from twiml.markup import Element
from twiml.schema import Attribute, Reader, Spec
from twiml.values import Method, link, method
from twiml.verbs import parameter
from twiml.verbs.recorded import STATUS_CALLBACK


@dataclass(frozen=True, slots=True)
class DialClient:
    """Dial the client registered as ``identity``, handing it ``parameters``."""

    identity: str
    url: str | None = None
    method: Method = "POST"
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    status_callback_event: tuple[str, ...] = ("completed",)
    parameters: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False, kw_only=True)


IDENTITY = Spec("Identity", text="the identity, instead of the noun's own text")
SPEC = Spec(
    "Client",
    (
        Attribute("url", link, None, note="TwiML that the callee hears first"),
        Attribute("method", method, "POST"),
        *STATUS_CALLBACK,
    ),
    text="the client's identity",
    children=(IDENTITY, parameter.SPEC),
    note="dialled at ARISWITCH_CLIENT_SIP_URI; its parameters become X- headers",
)


def build(element: Element, reader: Reader) -> DialClient:
    """Make the noun; the identity is its text or its ``<Identity>``."""
    fields = reader.read(element, SPEC).fields()
    identity = element.text
    for child in element.children:
        if child.name == IDENTITY.name:
            reader.read(child, IDENTITY)
            identity = identity or child.text
    parameters = parameter.parameters(element, reader)
    return DialClient(identity, **fields, parameters=parameters, line=element.line)
