"""A conference room to join (Twilio: <Conference>)."""

from __future__ import annotations

from dataclasses import dataclass, field

from twiml.markup import Element
from twiml.schema import Attribute, Reader, Spec
from twiml.values import Method, boolean, link, listed, method, one_of, short, string, url, whole
from twiml.verbs.recorded import RECORDING_CALLBACK, RECORDING_CONFIGURATION, trim

#: Twilio: <Conference>, attribute maxParticipants.
MAX_PARTICIPANTS = 250

EVENTS = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")


@dataclass(frozen=True, slots=True)
class DialConference:
    """Join the room ``name``.

    ``wait_url`` None: the built-in music, '': silence. ``beep`` is true, false, onEnter or
    onExit. ``coach`` is the SID of the call that alone hears this one.
    """

    name: str
    muted: bool = False
    beep: str = "true"
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    participant_label: str | None = None
    wait_url: str | None = None
    wait_method: Method = "POST"
    max_participants: int = MAX_PARTICIPANTS
    record: str = "do-not-record"
    trim: str = "trim-silence"
    coach: str | None = None
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    status_callback_event: tuple[str, ...] = ()
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: tuple[str, ...] = ("completed",)
    event_callback_url: str | None = None
    line: int = field(default=0, compare=False, kw_only=True)


def label(text: str) -> str:
    """A participant's label."""
    if "/" in text:
        raise ValueError("without /")
    return short(128)(text)


def record(text: str) -> str:
    """``record-from-start`` or ``do-not-record``; true and false stand for them."""
    words = {"true": "record-from-start", "false": "do-not-record"}
    word = words.get(text.strip(), text)
    return one_of("do-not-record", "record-from-start")(word)


SPEC = Spec(
    "Conference",
    (
        Attribute("muted", boolean, default=False, code=13230, shown="`false`"),
        Attribute("beep", one_of("true", "false", "onEnter", "onExit"), "true", 13235),
        Attribute("startConferenceOnEnter", boolean, default=True, code=13232, shown="`true`"),
        Attribute("endConferenceOnExit", boolean, default=False, code=13231, shown="`false`"),
        Attribute("participantLabel", label, None, 16025),
        Attribute("waitUrl", url, None, 13233, "empty: silence", shown="built-in music"),
        Attribute("waitMethod", method, "POST", 13234),
        Attribute("maxParticipants", whole(2, MAX_PARTICIPANTS), MAX_PARTICIPANTS),
        Attribute("record", record, "do-not-record", 13217),
        trim("trim-silence", 13239),
        Attribute("coach", short(64), None, 13240),
        Attribute("statusCallback", link, None),
        Attribute("statusCallbackMethod", method, "POST"),
        Attribute("statusCallbackEvent", listed(*EVENTS), (), note=", ".join(EVENTS), shown="-"),
        *RECORDING_CALLBACK,
        Attribute("eventCallbackUrl", link, None, note="old name of recordingStatusCallback"),
        Attribute("region", string, None, status="ignored"),
        Attribute("jitterBufferSize", string, None, status="ignored"),
        RECORDING_CONFIGURATION,
    ),
    text="the room's name",
)


def build(element: Element, reader: Reader) -> DialConference:
    """Make the noun."""
    fields = reader.read(element, SPEC).fields()
    return DialConference(element.text, **fields, line=element.line)
