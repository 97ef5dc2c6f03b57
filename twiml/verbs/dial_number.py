"""A phone number to dial (Twilio: <Number>)."""

from __future__ import annotations

from dataclasses import dataclass, field

from twiml.markup import Element
from twiml.schema import Attribute, Reader, Spec
from twiml.values import Method, digits, link, method, string
from twiml.verbs.answering import AMD
from twiml.verbs.recorded import STATUS_CALLBACK


@dataclass(frozen=True, slots=True)
class DialNumber:
    """Dial ``number`` as written; ``url`` is heard by the callee before both are joined."""

    number: str
    send_digits: str | None = None
    url: str | None = None
    method: Method = "POST"
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    status_callback_event: tuple[str, ...] = ("completed",)
    machine_detection: str | None = None
    amd_status_callback: str | None = None
    amd_status_callback_method: Method = "POST"
    machine_detection_timeout: int = 30
    machine_detection_speech_threshold: int = 2400
    machine_detection_speech_end_threshold: int = 1200
    machine_detection_silence_timeout: int = 5000
    line: int = field(default=0, compare=False, kw_only=True)


SPEC = Spec(
    "Number",
    (
        Attribute("sendDigits", digits, None, 13222, "keys sent after the answer; w 0.5 s, W 1 s"),
        Attribute("url", link, None, note="TwiML that the callee hears first"),
        Attribute("method", method, "POST", 13221),
        *STATUS_CALLBACK,
        Attribute("byoc", string, None, status="ignored"),
        *AMD,
    ),
    text="the number, E.164",
)


def build(element: Element, reader: Reader) -> DialNumber:
    """Make the noun; whether the number can be dialled shows when it is."""
    fields = reader.read(element, SPEC).fields()
    return DialNumber(element.text, **fields, line=element.line)
