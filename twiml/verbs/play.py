"""Play a file or send digits (Twilio: <Play>)."""

from __future__ import annotations

from dataclasses import dataclass

from twiml.markup import Element
from twiml.model import Verb
from twiml.schema import Attribute, Reader, Values, VerbSpec
from twiml.values import digits, loop

LOOP = Attribute("loop", loop, 1, code=13410, note="0: until hangup, at most 1000 rounds")
DIGITS: Attribute[str | None] = Attribute(
    "digits",
    digits,
    None,
    code=13430,
    note="0-9 A-D * #, w waits 0.5 s, W 1 s; sent instead of playing the address",
)

NOTHING_TO_PLAY = 13420


@dataclass(frozen=True, slots=True)
class Play(Verb):
    """Play ``url`` (as written) ``loop`` times, or send ``digits`` when there are any."""

    url: str
    digits: str | None = None
    loop: int = 1


def build(element: Element, values: Values, reader: Reader) -> Play | None:
    """Make the verb; with neither address nor digits there is none."""
    url, keys = element.text, values[DIGITS]
    if not url and keys is None:
        reader.warn(NOTHING_TO_PLAY, "<Play> has neither an address nor digits", element.line)
        return None
    return Play(url, keys, values[LOOP], line=element.line)


SPEC = VerbSpec(
    "Play", (LOOP, DIGITS), text="address of the audio, absolute or relative", build=build
)
