"""A transcription beside what the call does (Twilio: <Start><Transcription>)."""

from __future__ import annotations

from dataclasses import dataclass, field

from twiml.markup import Element
from twiml.schema import Attribute, Reader, Spec
from twiml.values import Method, boolean, language, link, method, one_of, string
from twiml.verbs.gather import HINTS
from twiml.verbs.parameter import IGNORED_PARAMETER, NAME, VALUE


@dataclass(frozen=True, slots=True)
class Transcription:
    """Tell ``status_callback_url`` what is said on ``track`` until stopped."""

    name: str | None = None
    status_callback_url: str | None = None
    status_callback_method: Method = "POST"
    language_code: str = "en-US"
    track: str = "both_tracks"
    inbound_track_label: str | None = None
    outbound_track_label: str | None = None
    transcription_engine: str = "google"
    speech_model: str = "telephony"
    profanity_filter: bool = True
    partial_results: bool = False
    hints: tuple[str, ...] = ()
    enable_automatic_punctuation: bool = True
    line: int = field(default=0, compare=False, kw_only=True)


def engine(text: str) -> str:
    """The engine's name in small letters; what runs here is the switch's choice."""
    return text.strip().lower()


SPEC = Spec(
    "Transcription",
    (
        Attribute("name", string, None, shown="the transcription's SID"),
        Attribute("statusCallbackUrl", link, None, note="absolute address"),
        Attribute("statusCallbackMethod", method, "POST"),
        Attribute("languageCode", language, "en-US"),
        Attribute("track", one_of("inbound_track", "outbound_track", "both_tracks"), "both_tracks"),
        Attribute("inboundTrackLabel", string, None),
        Attribute("outboundTrackLabel", string, None),
        Attribute("transcriptionEngine", engine, "google", 32650),
        Attribute("speechModel", string, "telephony"),
        Attribute("profanityFilter", boolean, default=True, shown="`true`"),
        Attribute("partialResults", boolean, default=False, shown="`false`"),
        HINTS,
        Attribute("enableAutomaticPunctuation", boolean, default=True, shown="`true`"),
        *(
            Attribute(name, string, None, status="ignored")
            for name in (
                "enableProviderData",
                "intelligenceService",
                "conversationConfiguration",
                "conversationId",
            )
        ),
    ),
    children=(Spec("Config", (NAME, VALUE), status="ignored"), IGNORED_PARAMETER),
    note="by the recogniser that is configured, whatever engine is named",
)


def build(element: Element, reader: Reader) -> Transcription:
    """Make the noun."""
    return Transcription(**reader.read(element, SPEC).fields(), line=element.line)
