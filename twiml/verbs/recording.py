"""A recording beside what the call does (Twilio: <Start><Recording>)."""

from __future__ import annotations

from dataclasses import dataclass, field

from twiml.markup import Element
from twiml.schema import Attribute, Reader, Spec
from twiml.values import Method, one_of, string
from twiml.verbs.recorded import RECORDING_CALLBACK, RECORDING_CONFIGURATION, track, trim


@dataclass(frozen=True, slots=True)
class Recording:
    """Record ``track`` of the call until it is stopped or the call ends."""

    name: str | None = None
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: tuple[str, ...] = ("completed",)
    trim: str = "trim-silence"
    track: str = "both"
    channels: str = "dual"
    line: int = field(default=0, compare=False, kw_only=True)


SPEC = Spec(
    "Recording",
    (
        Attribute("name", string, None, shown="the recording's SID"),
        *RECORDING_CALLBACK,
        trim("trim-silence", 13699),
        track("track", "both", 13622),
        Attribute("channels", one_of("mono", "dual"), "dual"),
        RECORDING_CONFIGURATION,
    ),
)


def build(element: Element, reader: Reader) -> Recording:
    """Make the noun."""
    return Recording(**reader.read(element, SPEC).fields(), line=element.line)
