"""Record the caller (Twilio: <Record>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Attribute, Reader, Values, VerbSpec
from twiml.values import Method, boolean, keys, link, method, seconds
from twiml.verbs.recorded import RECORDING_CALLBACK, RECORDING_CONFIGURATION, track, trim

#: Longest recording, its default, and the default when it is transcribed, seconds.
MAX_LENGTH = 86_400
DEFAULT_LENGTH = 3600
TRANSCRIBED_LENGTH = 120

LENGTH: Attribute[int | None] = Attribute(
    "maxLength",
    seconds(1, MAX_LENGTH),
    None,
    13612,
    shown=f"`{DEFAULT_LENGTH}`, transcribed `{TRANSCRIBED_LENGTH}`",
)
TRANSCRIBE = Attribute(
    "transcribe", boolean, default=False, code=13614, note="2 to 120 s", shown="`false`"
)
TRANSCRIBE_CALLBACK: Attribute[str | None] = Attribute(
    "transcribeCallback", link, None, 13257, "implies transcribe"
)


@dataclass(frozen=True, slots=True)
class Record(Verb):
    """Record until silence, a key, the length or the end of the call.

    Times in seconds; ``timeout`` 0: silence does not end it. ``finish_on_key`` is a set of
    keys. ``action`` None: the current document's URL.
    """

    action: str | None = None
    method: Method = "POST"
    timeout: int = 5
    finish_on_key: str = "1234567890*#"
    max_length: int = DEFAULT_LENGTH
    play_beep: bool = True
    trim: str = "trim-silence"
    recording_track: str = "inbound"
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: tuple[str, ...] = ("completed",)
    transcribe: bool = False
    transcribe_callback: str | None = None


def build(element: Element, values: Values, reader: Reader) -> Record:
    """Make the verb."""
    fields = values.fields()
    fields["transcribe"] = values[TRANSCRIBE] or values[TRANSCRIBE_CALLBACK] is not None
    if values[LENGTH] is None:
        fields["max_length"] = TRANSCRIBED_LENGTH if fields["transcribe"] else DEFAULT_LENGTH
    return Record(**fields, line=element.line)


SPEC = VerbSpec(
    "Record",
    (
        Attribute("action", link, None, shown="the current document"),
        Attribute("method", method, "POST", 13610),
        Attribute("timeout", seconds(0, MAX_LENGTH), 5, 13611, "seconds of silence; 0: never"),
        Attribute("finishOnKey", keys, "1234567890*#", 13613, "any of these keys; may be empty"),
        LENGTH,
        Attribute("playBeep", boolean, default=True, code=13616, shown="`true`"),
        trim("trim-silence", 13699),
        track("recordingTrack", "inbound", 13622),
        *RECORDING_CALLBACK,
        TRANSCRIBE,
        TRANSCRIBE_CALLBACK,
        RECORDING_CONFIGURATION,
    ),
    build=build,
)
