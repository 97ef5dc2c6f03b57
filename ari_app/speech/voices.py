"""Twilio's and Somleng's voice names: who is meant, whatever engine speaks in the end.

Source: Twilio, <Say>, voice; Somleng's list of voices (``Basic.Kal``, ``Basic.Slt``, ``Polly.*``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ari_app.speech.voice_names import GOOGLE_MEN, POLLY_MEN, POLLY_WOMEN, entries

Family = Literal["basic", "polly", "google"]
Gender = Literal["man", "woman"]

DEFAULT_VOICE = "man"
DEFAULT_LANGUAGE = "en-US"

TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_POLLY_NAME = re.compile(r"polly\.([a-z]{2,20})(?:-(standard|neural|generative|long-form))?", re.I)
_GOOGLE_NAME = re.compile(
    r"google\.([a-z]{2,3}-[a-z0-9]{2,4})-([a-z0-9-]{1,40})-([a-z0-9]{1,40})", re.I
)


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody to speak: ``name`` within its family, and what others need to stand in.

    ``quality`` is what Polly calls an engine and Google a family, in lower case; empty where
    the name says nothing about it. ``language`` is the BCP-47 tag to be spoken.
    """

    family: Family
    name: str
    gender: Gender
    language: str
    quality: str = ""

    @property
    def full_name(self) -> str:
        """The name as Twilio writes it."""
        if self.family == "polly":
            tail = f"-{self.quality.title().replace('-F', '-f')}" if self.quality else ""
            return f"Polly.{self.name}{tail}"
        return f"Google.{self.name}" if self.family == "google" else self.name


_BASIC = {
    "man": ("man", "man", ""),
    "woman": ("woman", "woman", ""),
    "alice": ("alice", "woman", ""),
    "basic.kal": ("Basic.Kal", "man", "en-US"),
    "basic.slt": ("Basic.Slt", "woman", "en-US"),
}
_GENDERS: tuple[tuple[Gender, str], ...] = (("woman", POLLY_WOMEN), ("man", POLLY_MEN))
POLLY: dict[str, Voice] = {
    name.lower(): Voice("polly", name, gender, language)
    for gender, table in _GENDERS
    for language, name in entries(table)
}


def resolve(voice: str, language: str) -> tuple[Voice, tuple[tuple[int, str], ...]]:
    """Return who is meant by Twilio's ``voice`` and ``language``, and warnings.

    Never fails: an unknown voice becomes the default with warning 13511. A Polly or Google
    voice speaks its own language whatever ``language`` says, with warning 13512 when they
    differ, and so does a language that is no tag.
    """
    warnings: list[tuple[int, str]] = []
    language = language.strip().replace("_", "-")
    if language and not TAG.fullmatch(language):
        warnings.append((13512, f"no language {language[:100]!r}: {DEFAULT_LANGUAGE} is spoken"))
        language = ""
    found = _named(voice.strip() or DEFAULT_VOICE)
    if found is None:
        warnings.insert(0, (13511, f"unknown voice {voice[:100]!r}: {DEFAULT_VOICE!r} speaks"))
        found = Voice("basic", DEFAULT_VOICE, "man", "")
    spoken = found.language or language or DEFAULT_LANGUAGE
    if found.family == "basic":
        spoken = language or spoken
    elif language not in ("", DEFAULT_LANGUAGE) and base(language) != base(spoken):
        warnings.append((13512, f"voice {voice[:100]!r} speaks {spoken}, not {language[:100]!r}"))
    return Voice(found.family, found.name, found.gender, spoken, found.quality), tuple(warnings)


def _named(name: str) -> Voice | None:
    if basic := _BASIC.get(name.lower()):
        gender: Gender = "man" if basic[1] == "man" else "woman"
        return Voice("basic", basic[0], gender, basic[2])
    if google := _GOOGLE_NAME.fullmatch(name):
        language, quality, letter = google.groups()
        # Google letters its older voices without a rule; most of B and D are men.
        man = letter.lower() in GOOGLE_MEN or letter.lower() in ("b", "d")
        region = language[:-2] + language[-2:].upper()
        name = f"{region}-{quality}-{letter}"
        return Voice("google", name, "man" if man else "woman", region, quality.lower())
    if (polly := _POLLY_NAME.fullmatch(name)) and (known := POLLY.get(polly[1].lower())):
        quality = (polly[2] or "").lower()
        return Voice("polly", known.name, known.gender, known.language, quality)
    return None


#: One language under several tags.
_SAME = {"arb": "ar", "cmn": "zh", "no": "nb"}


def base(tag: str) -> str:
    """Return the language of a tag without its region: ``es`` of ``es-MX``."""
    first = tag.lower().partition("-")[0]
    return _SAME.get(first, first)


def polly_for(language: str, gender: Gender) -> Voice | None:
    """Return Polly's first voice of a language: the same region before another, else None."""

    def distance(voice: Voice) -> tuple[bool, bool]:
        return voice.language.lower() != language.lower(), voice.gender != gender

    near = [voice for voice in POLLY.values() if base(voice.language) == base(language)]
    return min(near, key=distance) if near else None
