"""The nearest voice of espeak-ng, written as it takes it: ``en-us+m3``."""

from __future__ import annotations

import re

from ari_app.speech.voices import DEFAULT_LANGUAGE, TAG, Voice

# espeak-ng's own spelling where BCP-47 and Twilio say it otherwise.
_LANGUAGES = {
    "arb": "ar",
    "cmn-cn": "cmn",
    "es-mx": "es-419",
    "es-us": "es-419",
    "no": "nb",
    "yue-cn": "yue",
    "zh": "cmn",
    "zh-hk": "yue",
}
_LATIN_AMERICA = re.compile("ar|bo|c[lor]|do|ec|gt|hn|ni|p[aery]|sv|uy|ve")
_VARIANTS = {"man": "m3", "woman": "f2"}


def variant(voice: Voice) -> str:
    """Return the voice variant for who speaks."""
    return "f3" if voice.name == "alice" else _VARIANTS[voice.gender]


def choose(voice: Voice, known: frozenset[str]) -> tuple[str, tuple[tuple[int, str], ...]]:
    """Return espeak-ng's voice and a warning 13512 when it has not the language.

    The result is made of our own tables and ``known`` only, never of the caller's text.
    """
    found = find(voice.language, known)
    warnings: tuple[tuple[int, str], ...] = ()
    if not found:
        text = f"espeak-ng does not speak {voice.language[:100]!r}: {DEFAULT_LANGUAGE} is spoken"
        warnings = ((13512, text),)
        found = find(DEFAULT_LANGUAGE, known) or "en"
    return f"{found}+{variant(voice)}", warnings


def find(tag: str, known: frozenset[str]) -> str:
    """Return espeak-ng's name of a language, empty when it has none."""
    if not TAG.fullmatch(tag):
        return ""
    tag = tag.lower()
    first, _, region = tag.partition("-")
    candidates = [_LANGUAGES.get(tag, tag)]
    if first == "es" and _LATIN_AMERICA.fullmatch(region):
        candidates.append("es-419")
    candidates += [_LANGUAGES.get(first, first), f"{first}-{first}"]
    if first == "en":  # of a country espeak-ng does not know: Britain's is nearer
        candidates.append("en-gb")
    return next((name for name in candidates if name in known), "")
