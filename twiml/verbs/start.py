"""Begin something beside what the call does (Twilio: <Start>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Attribute, Reader, Spec, Values, VerbSpec
from twiml.values import link, method
from twiml.verbs import recording, stream, transcription
from twiml.verbs.recording import Recording
from twiml.verbs.stream import Stream
from twiml.verbs.transcription import Transcription
from twiml.verbs.unsupported import START_NOUNS, UNSUPPORTED_VERB

BAD_NOUN = 14300


@dataclass(frozen=True, slots=True)
class Start(Verb):
    """Begin ``nouns``, in order, and go on with the next verb at once."""

    nouns: tuple[Stream | Recording | Transcription, ...]


def build(element: Element, values: Values, reader: Reader) -> Start | None:
    """Make the verb; without a noun there is none."""
    found = (_noun(child, reader) for child in element.children)
    nouns = tuple(noun for noun in found if noun is not None)
    if not nouns:
        if not element.children:
            reader.warn(BAD_NOUN, "<Start> has no noun and is ignored", element.line)
        return None
    return Start(nouns, **values.fields(), line=element.line)


def _noun(element: Element, reader: Reader) -> Stream | Recording | Transcription | None:
    match element.name:
        case "Stream":
            return stream.build(element, reader, stream.ONE_WAY_SPEC)
        case "Recording":
            return recording.build(element, reader)
        case "Transcription":
            return transcription.build(element, reader)
    if element.name in START_NOUNS:
        advice = START_NOUNS[element.name]
        reader.warn(UNSUPPORTED_VERB, f"<Start><{element.name}>: {advice}", element.line)
    return None


SPEC = VerbSpec(
    "Start",
    (
        Attribute("action", link, None, status="ignored", note="the next verb runs at once"),
        Attribute("method", method, "POST", status="ignored"),
    ),
    children=(
        stream.ONE_WAY_SPEC,
        recording.SPEC,
        transcription.SPEC,
        *(
            Spec(name, children=None, note=note, status="rejected")
            for name, note in START_NOUNS.items()
        ),
    ),
    note="begins its nouns beside the call; the next verb runs at once",
    nested_code=BAD_NOUN,
    build=build,
)
