"""Join the call to somebody else (Twilio: <Dial>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import SCHEMA_VIOLATION, Attribute, Reader, Spec, Values, VerbSpec
from twiml.values import Method, boolean, link, method, one_of, seconds, short, string
from twiml.verbs import dial_client, dial_conference, dial_number, dial_queue, dial_sip
from twiml.verbs.dial_client import DialClient
from twiml.verbs.dial_conference import DialConference
from twiml.verbs.dial_number import DialNumber
from twiml.verbs.dial_queue import DialQueue
from twiml.verbs.dial_sip import DialSip
from twiml.verbs.recorded import RECORDING_CALLBACK, RECORDING_CONFIGURATION, track, trim
from twiml.verbs.unsupported import DIAL_NOUNS, UNSUPPORTED_VERB

NESTED = 13215
MIXED = 13000
#: Nouns of one verb (Twilio: <Dial>, <Number>).
MAX_NOUNS = 10

Noun = DialNumber | DialSip | DialClient | DialConference | DialQueue

RECORDS = (
    "do-not-record",
    "record-from-answer",
    "record-from-ringing",
    "record-from-answer-dual",
    "record-from-ringing-dual",
)
TONES = (
    *("at", "au", "bg", "br", "be", "ch", "cl", "cn", "cz", "de", "dk", "ee", "es", "fi"),
    *("fr", "gr", "hu", "il", "in", "it", "lt", "jp", "mx", "my", "nl", "no", "nz", "ph"),
    *("pl", "pt", "ru", "se", "sg", "th", "uk", "us", "us-old", "tw", "ve", "za"),
)


@dataclass(frozen=True, slots=True)
class Dial(Verb):
    """Ring ``nouns`` and join the call to the first that answers.

    Times in seconds. ``action`` None: the next verb. ``caller_id`` None: the caller's own.
    ``ring_tone`` None: what the network sends. No ``nouns``: nobody can be reached. A
    DialConference or DialQueue is always alone.
    """

    nouns: tuple[Noun, ...] = ()
    action: str | None = None
    method: Method = "POST"
    timeout: int = 30
    time_limit: int = 14_400
    hangup_on_star: bool = False
    caller_id: str | None = None
    record: str = "do-not-record"
    trim: str = "do-not-trim"
    recording_track: str = "both"
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: tuple[str, ...] = ("completed",)
    answer_on_bridge: bool = False
    ring_tone: str | None = None
    sequential: bool = False
    refer_url: str | None = None
    refer_method: Method = "POST"


def record(text: str) -> str:
    """When to record; true and false stand for from-answer and not at all."""
    words = {"true": "record-from-answer", "false": "do-not-record"}
    word = words.get(text.strip(), text)
    return one_of(*RECORDS)(word)


SPECS: dict[str, Spec] = {
    module.SPEC.name: module.SPEC
    for module in (dial_number, dial_sip, dial_client, dial_conference, dial_queue)
}


def build(element: Element, values: Values, reader: Reader) -> Dial:
    """Make the verb from its nouns, or from a number as text."""
    nouns = _nouns(element, reader)
    if element.text and nouns:
        reader.warn(SCHEMA_VIOLATION, "text beside the nouns of <Dial> is ignored", element.line)
    elif element.text:
        nouns = [DialNumber(element.text, line=element.line)]
    return Dial(tuple(_unmixed(nouns, reader)), **values.fields(), line=element.line)


def _nouns(element: Element, reader: Reader) -> list[Noun]:
    found: list[Noun] = []
    for child in element.children:
        noun = _noun(child, reader)
        if noun is None:
            continue
        if len(found) == MAX_NOUNS:
            reader.warn(NESTED, f"<Dial> takes {MAX_NOUNS} nouns; the rest is ignored", child.line)
            break
        found.append(noun)
    return found


def _noun(element: Element, reader: Reader) -> Noun | None:
    match element.name:
        case "Number":
            return dial_number.build(element, reader)
        case "Sip":
            return dial_sip.build(element, reader)
        case "Client":
            return dial_client.build(element, reader)
        case "Conference":
            return dial_conference.build(element, reader)
        case "Queue":
            return dial_queue.build(element, reader)
    if element.name in DIAL_NOUNS:
        advice = DIAL_NOUNS[element.name]
        reader.warn(UNSUPPORTED_VERB, f"<Dial><{element.name}>: {advice}", element.line)
    return None


def _unmixed(nouns: list[Noun], reader: Reader) -> list[Noun]:
    """Keep a room or a queue for itself: what comes first decides."""
    rooms = (DialConference, DialQueue)
    if len(nouns) < 2 or not any(isinstance(noun, rooms) for noun in nouns):
        return nouns
    alone = isinstance(nouns[0], rooms)
    kept: list[Noun] = (
        nouns[:1] if alone else [noun for noun in nouns if not isinstance(noun, rooms)]
    )
    dropped = nouns[1] if alone else next(noun for noun in nouns if isinstance(noun, rooms))
    reader.warn(
        MIXED, "Conference or Queue must be alone in <Dial>; what came first counts", dropped.line
    )
    return kept


SPEC = VerbSpec(
    "Dial",
    (
        Attribute("action", link, None, note="without it the next verb runs"),
        Attribute("method", method, "POST", 13210),
        Attribute("timeout", seconds(1, 600), 30, 13212, "seconds of ringing"),
        Attribute("timeLimit", seconds(1, 86_400), 14_400, 13216, "seconds that both may talk"),
        Attribute("hangupOnStar", boolean, default=False, code=13213, shown="`false`"),
        Attribute("callerId", short(255), None, 13214, shown="the caller's own"),
        Attribute("callReason", short(50), None, status="ignored"),
        Attribute("record", record, "do-not-record", 13217, ", ".join(RECORDS)),
        trim("do-not-trim", 13239),
        track("recordingTrack", "both", 13622),
        *RECORDING_CALLBACK,
        Attribute("answerOnBridge", boolean, default=False, code=13219, shown="`false`"),
        Attribute(
            "ringTone",
            one_of(*TONES),
            None,
            13220,
            "a country's code; without one early media is heard",
        ),
        Attribute(
            "sequential", boolean, default=False, code=13218, note="one by one", shown="`false`"
        ),
        Attribute(
            "referUrl", link, None, note="ReferTransferTarget is the user of the address alone"
        ),
        Attribute("referMethod", method, "POST"),
        Attribute("events", string, None, status="ignored"),
        Attribute("passports", string, None, status="ignored"),
        RECORDING_CONFIGURATION,
    ),
    text="a number, instead of nouns",
    children=(
        *SPECS.values(),
        *(
            Spec(name, children=None, note=note, status="rejected")
            for name, note in DIAL_NOUNS.items()
        ),
    ),
    note="rings its nouns and joins the call to the first that answers",
    nested_code=NESTED,
    build=build,
)
