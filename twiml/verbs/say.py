"""Speak a text (Twilio: <Say>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.messages import cut
from twiml.model import Verb
from twiml.schema import Attribute, Reader, Values, VerbSpec
from twiml.values import filled, language, loop
from twiml.verbs import ssml

NO_TEXT = 13520
TEXT_TOO_LONG = 13521

#: Characters spoken by one verb (Twilio: <Say>, text limit 4 kB).
MAX_TEXT = 4096

VOICE = Attribute(
    "voice",
    filled,
    "man",
    code=13511,
    note="man, woman, alice or Provider.Name; the speech engine takes its nearest",
)
LANGUAGE: Attribute[str | None] = Attribute(
    "language", language, None, code=13512, shown="the voice's own, else en-US"
)
LOOP = Attribute("loop", loop, 1, code=13510, note="0: until hangup, at most 1000 rounds")


@dataclass(frozen=True, slots=True)
class Say(Verb):
    """Speak ``text`` ``loop`` times.

    ``language`` None: the voice's own, else en-US. ``ssml`` is a ``<speak>`` element when
    the text was marked up, for engines that can use it; ``text`` is empty when that holds
    no words, only pauses.
    """

    text: str
    voice: str = "man"
    language: str | None = None
    loop: int = 1
    ssml: str | None = None


def build(element: Element, values: Values, reader: Reader) -> Say | None:
    """Make the verb; without anything to say there is none."""
    ssml.check(element, reader)
    text, marked = ssml.words(element), ssml.markup(element)
    if not text and marked is None:
        reader.warn(NO_TEXT, "<Say> has no text", element.line)
        return None
    text, marked = shorten(text, marked, reader, element.line)
    return Say(text, values[VOICE], values[LANGUAGE], values[LOOP], marked, line=element.line)


def shorten(text: str, marked: str | None, reader: Reader, line: int) -> tuple[str, str | None]:
    """Cut over-long text at a word and warn; its markup is given up then."""
    if len(text) <= MAX_TEXT:
        return text, marked
    reader.warn(TEXT_TOO_LONG, f"<Say> {cut(text, 30)!r} is cut after {MAX_TEXT} characters", line)
    head = text[:MAX_TEXT]
    return head.rpartition(" ")[0] or head, None


SPEC = VerbSpec(
    "Say",
    (VOICE, LANGUAGE, LOOP),
    text=f"what to say, at most {MAX_TEXT} characters; SSML tags are accepted",
    children=None,
    build=build,
)
