"""Twilio's voice and language names to the nearest voices of espeak-ng."""

from __future__ import annotations

import re
from typing import NamedTuple

from ari_app.speech.engine import Warnings

DEFAULT_VOICE = "man"
DEFAULT_LANGUAGE = "en-US"

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
_BASIC_VOICES = {"man": "m3", "woman": "f2", "alice": "f3"}
# Amazon Polly's voices: each speaks one language. Source: Polly's list of voices.
_POLLY_WOMEN = """
    da-DK Naja Sofie | nl-NL Lotte Laura | nl-BE Lisa | en-AU Nicole Olivia | en-GB Amy Emma
    en-IN Raveena Aditi Kajal | en-IE Niamh | en-NZ Aria | en-ZA Ayanda | fi-FI Suvi
    en-US Joanna Ivy Kendra Kimberly Salli Danielle Ruth | fr-FR Celine Lea | fr-BE Isabelle
    fr-CA Chantal Gabrielle | de-DE Marlene Vicki | de-AT Hannah | de-CH Sabrina | is-IS Dora
    it-IT Carla Bianca | ja-JP Mizuki Kazuha Tomoko | ko-KR Seoyeon Jihye | nb-NO Liv Ida
    pl-PL Ewa Maja Ola | pt-BR Camila Vitoria | pt-PT Ines | ro-RO Carmen | ru-RU Tatyana
    es-ES Conchita Lucia | es-MX Mia | es-US Lupe Penelope | sv-SE Astrid Elin | tr-TR Filiz Burcu
    cy-GB Gwyneth | arb Zeina | ar-AE Hala | ca-ES Arlet | cmn-CN Zhiyu | yue-CN Hiujin
    cs-CZ Jitka
"""
_POLLY_MEN = """
    da-DK Mads | nl-NL Ruben | en-AU Russell | en-GB Brian Arthur | en-GB-WLS Geraint
    en-US Joey Justin Kevin Matthew Gregory Stephen Patrick | fr-FR Mathieu Remi | fr-CA Liam
    de-DE Hans Daniel | is-IS Karl | it-IT Giorgio Adriano | ja-JP Takumi | pl-PL Jacek Jan
    pt-BR Ricardo Thiago | pt-PT Cristiano | ru-RU Maxim | es-ES Enrique Sergio | es-MX Andres
    es-US Miguel Pedro | ar-AE Zayd
"""


def _polly(table: str, variant: str) -> dict[str, tuple[str, str]]:
    voices = {}
    language = ""
    for word in table.replace("|", " ").split():
        if "-" in word or word == "arb":
            language = word
        else:
            voices[word.lower()] = (variant, language)
    return voices


_POLLY = _polly(_POLLY_WOMEN, "f2") | _polly(_POLLY_MEN, "m3")
_POLLY_NAME = re.compile(r"polly\.([a-z]{2,20})(?:-neural|-generative|-long-form)?")
_GOOGLE_NAME = re.compile(r"google\.([a-z]{2,3}-[a-z0-9]{2,4})-([a-z0-9-]{1,40})-([a-z0-9]{1,40})")
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


class Choice(NamedTuple):
    """What to call espeak-ng with (``en-us+m3``), and Twilio's warnings about the request."""

    voice: str
    warnings: Warnings


def choose(voice: str, language: str, known: frozenset[str]) -> Choice:
    """Map Twilio's ``voice`` and BCP-47 ``language`` to one of the ``known`` espeak languages.

    Never fails: what is unknown becomes the default, with warning 13511 (voice) or 13512
    (language). A Polly or Google voice speaks its own language whatever ``language`` says. The
    result is made of our own tables and ``known`` only, never of the caller's text.
    """
    warnings: list[tuple[int, str]] = []
    variant, own = _variant(voice)
    if not variant:
        warnings.append((13511, f"unknown voice {voice[:100]!r}: {DEFAULT_VOICE!r} speaks"))
        variant = _BASIC_VOICES[DEFAULT_VOICE]
    if own and language not in ("", DEFAULT_LANGUAGE) and _base(own) != _base(language):
        warnings.append((13512, f"voice {voice[:100]!r} speaks {own}, not {language[:100]!r}"))
    wanted = own or language or DEFAULT_LANGUAGE
    found = _find(wanted, known)
    if not found:
        warnings.append((13512, f"unknown language {wanted[:100]!r}: {DEFAULT_LANGUAGE} is spoken"))
        found = _find(DEFAULT_LANGUAGE, known) or "en"
    return Choice(f"{found}+{variant}", tuple(warnings))


def _variant(voice: str) -> tuple[str, str]:
    """Return the espeak variant and, for voices that have one, their own language."""
    name = voice.strip().lower() or DEFAULT_VOICE
    if name in _BASIC_VOICES:
        return _BASIC_VOICES[name], ""
    if google := _GOOGLE_NAME.fullmatch(name):
        # Google letters its voices without a rule; most of B and D are men.
        return ("m3" if google[3] in ("b", "d") else "f2"), google[1]
    if polly := _POLLY_NAME.fullmatch(name):
        return _POLLY.get(polly[1], ("", ""))
    return "", ""


def _base(tag: str) -> str:
    base = tag.lower().partition("-")[0]
    return _LANGUAGES.get(base, base)


def _find(tag: str, known: frozenset[str]) -> str:
    tag = tag.strip().replace("_", "-")
    if not _TAG.fullmatch(tag):
        return ""
    tag = tag.lower()
    base, _, region = tag.partition("-")
    candidates = [_LANGUAGES.get(tag, tag)]
    if base == "es" and _LATIN_AMERICA.fullmatch(region):
        candidates.append("es-419")
    candidates += [_base(tag), f"{base}-{base}"]
    if base == "en":  # of a country espeak-ng does not know: Britain's is nearer
        candidates.append("en-gb")
    return next((name for name in candidates if name in known), "")
