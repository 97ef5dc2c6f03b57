"""Markup as plain words and silence, and what engines make of it joined again."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Awaitable, Callable, Iterator

import numpy as np
import soundfile
from numpy.typing import NDArray

from ari_app.errors import TwilioError
from ari_app.speech.engine import Part, Utterance
from ari_app.speech.sayas import in_words
from ari_app.speech.ssml import Markup, split

_QUIET = 100
"""Samples (16 bit) no louder than this count as silence at the ends of a part."""
_MARGIN_SECONDS = 0.03
_STOPS = (".", "!", "?", ":", ";", ",", "。", "！", "？")  # noqa: RUF001


def plain_parts(utterance: Utterance, most: int) -> tuple[Part, ...]:
    """Return words and silences of an utterance; no part has more than ``most`` characters."""
    if utterance.markup is None:
        return tuple(pieces(utterance.text, most))
    found: list[Part] = []
    for piece in split(utterance.markup):
        if isinstance(piece, float):
            found.append(piece)
        else:
            found += pieces(" ".join(words(piece, utterance.voice.language).split()), most)
    return tuple(found)


def words(markup: Markup, language: str) -> str:
    """Return markup as text to be read aloud in ``language``."""
    return "".join(_words(markup, language))


def _words(markup: Markup, language: str) -> Iterator[str]:
    for node in markup:
        if isinstance(node, str):
            yield node
            continue
        inside = words(node.content, node.attributes.get("xml:lang", language))
        if node.name == "sub":
            yield node.attributes.get("alias", inside)
        elif node.name == "say-as":
            kind, form = (node.attributes.get(key, "") for key in ("interpret-as", "format"))
            yield in_words(inside, kind, form, language)
        elif node.name in ("p", "s"):
            # Only a stop makes such an engine pause.
            ended = inside.rstrip().endswith(_STOPS)
            yield f" {inside.rstrip()}{'' if ended or not inside.strip() else '.'} "
        elif node.name != "break":
            yield inside


def pieces(text: str, most: int) -> Iterator[str]:
    """Cut ``text`` into pieces of at most ``most`` characters, at sentences, else at words."""
    while len(text) > most:
        head = text[:most]
        cut = max(head.rfind(stop) + 1 for stop in (". ", "! ", "? ", "。"))
        cut = cut or head.rfind(" ") or most
        cut = cut if cut > 0 else most
        yield text[:cut].strip()
        text = text[cut:].strip()
    if text:
        yield text


async def spoken(parts: tuple[Part, ...], say: Callable[[str], Awaitable[bytes]]) -> bytes:
    """Have each text said and join them with the silences; one text alone comes as it is.

    Raises what ``say`` raises, and TwilioError 12400 when that is no audio.
    """
    if len(parts) == 1 and isinstance(parts[0], str):
        return await say(parts[0])
    heard = [await say(part) if isinstance(part, str) else part for part in parts]
    return await asyncio.to_thread(_join, heard)


def silence(seconds: float) -> bytes:
    """Return a WAV of silence, at least 20 ms."""
    return wav(bytes(2 * round(max(seconds, 0.02) * 8000)), 8000)


def wav(samples: bytes, rate: int) -> bytes:
    """Put a header before 16-bit mono samples, little-endian."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
    return out.getvalue()


def _join(heard: list[bytes | float]) -> bytes:
    rate = 8000
    found: list[NDArray[np.int16] | float] = []
    for part in heard:
        if isinstance(part, float):
            found.append(part)
            continue
        try:
            samples, rate = soundfile.read(io.BytesIO(part), dtype="int16", always_2d=True)
        except soundfile.SoundFileError as error:
            raise TwilioError(12400, f"the speech engine gave no audio: {error}") from error
        found.append(_trimmed(samples[:, 0], rate))
    whole = [
        np.zeros(round(part * rate), np.int16) if isinstance(part, float) else part
        for part in found
    ]
    return wav(np.concatenate(whole).astype("<i2").tobytes(), rate)


def _trimmed(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """Take away the silence that engines put around what they say: the breaks are exact."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _QUIET)
    if not len(loud):
        return samples[:0]
    margin = round(_MARGIN_SECONDS * rate)
    return samples[max(0, int(loud[0]) - margin) : int(loud[-1]) + margin]
