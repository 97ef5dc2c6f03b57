"""Markup as espeak-ng takes it with ``-m``: written anew, tag by tag.

espeak-ng 1.51 reads ``<audio src>`` as a file to open and crashes on it, takes ``[[...]]`` for
phonemes wherever it stands, and reads a tag right behind ``]]`` aloud: none of that can come out
of here. Breaks are not written, since leading and repeated ones get lost: see ``ssml.split``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from ari_app.speech.phonemes import mnemonics
from ari_app.speech.sayas import in_words
from ari_app.speech.ssml import Markup, Tag
from ari_app.speech.voices import base

# Anything espeak-ng reads as a command rather than as text: its "embedded commands" start with
# SOH, phonemes with [[; and control characters that have no sound.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BRACKETS = re.compile(r"\[(?=\[)|\](?=\])")

_VOLUMES = {"silent": 0, "x-soft": 25, "soft": 50, "loud": 150, "x-loud": 220}

FindVoice = Callable[[str], str]
"""Language tag to espeak-ng's voice for it, empty when there is none."""


def clean(text: str) -> str:
    """Return text that espeak-ng reads as nothing but text."""
    return _BRACKETS.sub(r"\g<0> ", _CONTROL.sub(" ", text))


def write(markup: Markup, language: str, find: FindVoice) -> str:
    """Return ``<speak>…</speak>`` for espeak-ng."""
    return f"<speak>{''.join(_write(markup, language, find))} </speak>"


def _text(text: str) -> str:
    # Brackets have no sound, and two of them in a row come together over a tag between.
    return escape(_CONTROL.sub(" ", text).replace("[", " ").replace("]", " "))


def _write(markup: Markup, language: str, find: FindVoice) -> Iterator[str]:
    for node in markup:
        if isinstance(node, str):
            yield _text(node)
        elif node.name == "lang":
            tag = node.attributes.get("xml:lang", language)
            voice = find(tag)
            inside = "".join(_write(node.content, tag if voice else language, find))
            yield f'<voice name="{voice}">{inside}</voice>' if voice else inside
        else:
            yield _element(node, language, find)


def _element(tag: Tag, language: str, find: FindVoice) -> str:
    inside = "".join(_write(tag.content, language, find))
    given = tag.attributes
    match tag.name:
        case "p" | "s":
            return f"<{tag.name}>{inside}</{tag.name}>"
        case "emphasis":
            level = given.get("level", "moderate")
            return f'<emphasis level="{level}">{inside}</emphasis>'
        case "prosody":
            written = "".join(f' {name}="{value}"' for name, value in _prosody(tag))
            return f"<prosody{written}>{inside}</prosody>" if written else inside
        case "sub":
            return _text(given["alias"]) if "alias" in given else inside
        case "say-as":
            kind = given.get("interpret-as", "")
            if kind in ("characters", "spell-out"):
                return f'<say-as interpret-as="characters">{inside}</say-as>'
            return _said(tag, kind, language)
        case "phoneme":
            spelt = ""
            if base(language) == "en":
                spelt = mnemonics(given.get("ph", ""), given.get("alphabet", "ipa"))
            return f" [[{spelt}]] " if spelt else inside
        case "break":
            return " "
    return inside


def _said(tag: Tag, kind: str, language: str) -> str:
    text = "".join(node for node in tag.content if isinstance(node, str))
    return _text(in_words(text, kind, tag.attributes.get("format", ""), language))


def _prosody(tag: Tag) -> Iterator[tuple[str, str]]:
    for name, value in tag.attributes.items():
        if value == "default" or (name == "volume" and value == "medium"):
            continue
        if name == "volume":
            # espeak-ng's own names differ little from each other, and it knows no decibels.
            level = _VOLUMES.get(value)
            if level is None:
                level = round(100 * 10 ** (float(value.removesuffix("dB")) / 20))
            yield name, str(max(0, min(level, 300)))
        elif name == "rate" and value.endswith("%"):
            yield name, f"{_rate(value)}%"
        elif name == "pitch" and value.endswith("%"):
            yield name, f"{value[0]}{round(min(float(value[1:-1]), 100.0))}%"
        else:
            yield name, value


def _rate(value: str) -> int:
    """Percent of the usual speed, 20 to 300; ``+10%`` is 110."""
    number = float(value.removesuffix("%"))
    return round(max(20.0, min(100 + number if value[0] in "+-" else number, 300.0)))
