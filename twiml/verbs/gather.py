"""Collect keys or speech (Twilio: <Gather>)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Attribute, Reader, SalvagedError, Values, VerbSpec
from twiml.values import (
    Method,
    boolean,
    keys,
    language,
    link,
    listed,
    method,
    one_of,
    seconds,
    string,
    whole,
)
from twiml.verbs import pause, play, say
from twiml.verbs.pause import Pause
from twiml.verbs.play import Play
from twiml.verbs.say import Say

NESTED = 13320

#: Twilio: <Gather>, attributes hints and maxSpeechTime.
MAX_HINTS = 500
MAX_HINT = 100
MAX_SPEECH = 60

MODELS = (
    "default",
    "numbers_and_commands",
    "phone_call",
    "experimental_conversations",
    "experimental_utterances",
    "googlev2_long",
    "googlev2_short",
    "googlev2_telephony",
    "googlev2_telephony_short",
    "deepgram_nova-2",
    "deepgram_nova-3",
)


def finish_key(text: str) -> str:
    """One key, or empty: no key ends the input."""
    if len(keys(text)) > 1:
        raise ValueError("one of 0-9 * #, or empty")
    return keys(text)


def speech_timeout(text: str) -> int | Literal["auto"]:
    """Whole seconds of silence, or ``auto``."""
    if text.strip() == "auto":
        return "auto"
    return seconds(1, 3600)(text)


def hints(text: str) -> tuple[str, ...]:
    """Phrases with commas between; what is over the limits is told and left out."""
    phrases = [" ".join(phrase.split()) for phrase in text.split(",")]
    found = [phrase for phrase in phrases if phrase]
    kept = tuple(phrase for phrase in found if len(phrase) <= MAX_HINT)[:MAX_HINTS]
    if len(kept) < len(found):
        raise SalvagedError(f"at most {MAX_HINTS} phrases of at most {MAX_HINT} characters", kept)
    return kept


INPUT: Attribute[tuple[str, ...]] = Attribute(
    "input", listed("dtmf", "speech"), ("dtmf",), 13326, "dtmf, speech or both", shown="`dtmf`"
)
SPEECH_TIMEOUT: Attribute[int | Literal["auto"] | None] = Attribute(
    "speechTimeout",
    speech_timeout,
    None,
    13327,
    "seconds of silence that end the words, or auto",
    shown="`timeout`",
)
HINTS: Attribute[tuple[str, ...]] = Attribute("hints", hints, (), 13330, shown="-")
ATTRIBUTES: tuple[Attribute[Any], ...] = (
    INPUT,
    Attribute("action", link, None, shown="the current document"),
    Attribute("method", method, "POST", 13312),
    Attribute(
        "timeout",
        seconds(1, 86_400),
        5,
        13313,
        "seconds without input; begins when the prompt ends, and again with each key",
    ),
    SPEECH_TIMEOUT,
    Attribute("maxSpeechTime", seconds(1, MAX_SPEECH), MAX_SPEECH, 13328),
    Attribute("finishOnKey", finish_key, "#", 13310, "one key, or empty for none"),
    Attribute("numDigits", whole(1, 1000), None, 13314),
    Attribute("language", language, "en-US", 13331),
    HINTS,
    Attribute("profanityFilter", boolean, default=True, code=13333, shown="`true`"),
    Attribute("partialResultCallback", link, None),
    Attribute("partialResultCallbackMethod", method, "POST", 13329),
    Attribute(
        "bargeIn", boolean, default=True, code=13332, note="input stops the prompt", shown="`true`"
    ),
    Attribute("actionOnEmptyResult", boolean, default=False, code=13338, shown="`false`"),
    Attribute("speechModel", one_of(*MODELS), "default", 13334),
    Attribute("enhanced", string, None, status="ignored", note="deprecated"),
    Attribute("debug", string, None, status="ignored"),
)


@dataclass(frozen=True, slots=True)
class Gather(Verb):
    """Play ``children`` and collect what the caller types or says meanwhile and afterwards.

    Times in seconds. ``action`` None: the current document's URL. ``speech_timeout`` None:
    as ``timeout``. ``num_digits`` None: any number. ``finish_on_key`` '': none.
    """

    input: tuple[str, ...] = ("dtmf",)
    action: str | None = None
    method: Method = "POST"
    timeout: int = 5
    speech_timeout: int | Literal["auto"] | None = None
    max_speech_time: int = MAX_SPEECH
    finish_on_key: str = "#"
    num_digits: int | None = None
    language: str = "en-US"
    hints: tuple[str, ...] = ()
    profanity_filter: bool = True
    partial_result_callback: str | None = None
    partial_result_callback_method: Method = "POST"
    barge_in: bool = True
    action_on_empty_result: bool = False
    speech_model: str = "default"
    children: tuple[Say | Play | Pause, ...] = ()


#: Say as it is read in here: with the numbers that Twilio has for it.
SAY = replace(
    say.SPEC,
    attributes=tuple(
        replace(item, code={13511: 13321, 13510: 13322}.get(item.code, item.code))
        for item in say.SPEC.attributes
    ),
)


def build(element: Element, values: Values, reader: Reader) -> Gather:
    """Make the verb with what is played in it."""
    found = (_child(child, reader) for child in element.children)
    children = tuple(child for child in found if child is not None)
    return Gather(**values.fields(), children=children, line=element.line)


def _child(element: Element, reader: Reader) -> Say | Play | Pause | None:
    match element.name:
        case "Say":
            return say.build(element, reader.read(element, SAY), reader)
        case "Pause":
            return pause.build(element, reader.read(element, pause.SPEC), reader)
        case "Play":
            verb = play.build(element, reader.read(element, play.SPEC), reader)
            if verb is None or verb.digits is None:
                return verb
            reader.warn(NESTED, "<Play digits> has no place in <Gather>", element.line)
            return replace(verb, digits=None) if verb.url else None
    return None


SPEC = VerbSpec(
    "Gather",
    ATTRIBUTES,
    children=(say.SPEC, play.SPEC, pause.SPEC),
    note="input stops the prompt; keys typed before it ends are kept",
    nested_code=NESTED,
    build=build,
)
