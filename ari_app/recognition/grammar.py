"""Phrases that are expected, as a JSGF grammar (W3C note "JSpeech Grammar Format")."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

DIGITS = ("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
COMMANDS = (
    "yes", "no", "yeah", "okay", "stop", "cancel", "help", "operator", "repeat", "back",
    "continue", "next", "start", "goodbye",
)  # fmt: skip
NUMBERS = (*DIGITS, *TEENS, *TENS, "hundred", "thousand")

#: Google's class tokens, which Twilio passes on, as far as a grammar can say them.
CLASSES = {
    "$OOV_CLASS_DIGIT_SEQUENCE": DIGITS,
    "$OOV_CLASS_ALPHANUMERIC_SEQUENCE": (*DIGITS, *"abcdefghijklmnopqrstuvwxyz"),
    "$OOV_CLASS_FULLPHONENUM": DIGITS,
    "$FULLPHONENUM": DIGITS,
    "$OPERAND": NUMBERS,
    "$DAY": NUMBERS,
}
_WORD = re.compile(r"[a-z']+|[0-9]")


def words(phrase: str) -> list[str]:
    """Return the words of a phrase as a pronouncing dictionary writes them; digits by name."""
    names = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    found = _WORD.findall(phrase.lower())
    return [names[int(word)] if word.isdigit() else word for word in found]


def grammar(phrases: Iterable[str], known: Callable[[str], bool]) -> str | None:
    """Return a grammar of one or more of ``phrases`` in a row; None when none can be said.

    ``known`` tells whether a word can be pronounced: a phrase with another is left out.
    """
    choices: dict[str, None] = {}
    for phrase in phrases:
        if phrase in CLASSES:
            choices.update(dict.fromkeys(word for word in CLASSES[phrase] if known(word)))
            continue
        said = words(phrase)
        if said and all(known(word) for word in said):
            choices[" ".join(said)] = None
    if not choices:
        return None
    return f"#JSGF V1.0; grammar hints; public <hints> = ( {' | '.join(choices)} )+;"
