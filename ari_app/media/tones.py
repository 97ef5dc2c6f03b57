"""Tones: DTMF digits for ``<Play digits="...">`` and the beep before a recording.

ITU-T Q.23; levels of ETSI ES 201 235-2.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from ari_app.errors import TwilioError
from ari_app.media.cache import MediaCache
from ari_app.media.sound import Sound

RATE = 8000
MAX_DIGITS = 1000
TONE_SECONDS = 0.1
GAP_SECONDS = 0.1
BEEP_SECONDS = 0.2
BEEP_HERTZ = 1000
PAUSES = {"w": 0.5, "W": 1.0}

_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)
_PAIRS = {
    key: (_ROWS[index // 4], _COLUMNS[index % 4]) for index, key in enumerate("123A456B789C*0#D")
}
# -8 and -6 dBm0 (the high group louder by 2 dB); a full-scale sine is +3.17 dBm0.
_LOW = 10 ** ((-8 - 3.17) / 20)
_HIGH = 10 ** ((-6 - 3.17) / 20)
_BEEP = 10 ** ((-10 - 3.17) / 20)
_RAMP = RATE // 500  # 2 ms at either end, against clicks


def check_digits(digits: str) -> None:
    """Raise TwilioError 13430 unless ``digits`` are 1 to 1000 of ``0-9 A-D * # w W``."""
    if not digits or len(digits) > MAX_DIGITS:
        raise TwilioError(13430, f"Play digits: 1 to {MAX_DIGITS} characters, not {len(digits)}")
    for digit in digits:
        if digit not in _PAIRS and digit not in PAUSES:
            raise TwilioError(13430, f"Play digits: {digit!r} is none of 0-9 A-D * # w W")


def tones_wav(digits: str) -> bytes:
    """Return a WAV (8 kHz mono, 16 bit) of ``digits``: 100 ms tone and 100 ms gap for each.

    ``w`` is half a second of silence, ``W`` a second. Raises TwilioError 13430.
    """
    check_digits(digits)
    parts = [
        np.zeros(round(PAUSES[digit] * RATE)) if digit in PAUSES else _tone(*_PAIRS[digit])
        for digit in digits
    ]
    return _wav(np.concatenate(parts))


async def dtmf(cache: MediaCache, digits: str) -> Sound:
    """Return ``digits`` as a playable sound, made once. Raises TwilioError 13430."""
    check_digits(digits)

    async def produce() -> bytes:
        return tones_wav(digits)

    return await cache.make(f"dtmf:1:{digits}", produce)


async def beep(cache: MediaCache) -> Sound:
    """Return the tone that says "speak now": 1 kHz, 0.2 s."""

    async def produce() -> bytes:
        time = np.arange(round(BEEP_SECONDS * RATE)) / RATE
        return _wav(_ramped(_BEEP * np.sin(2 * np.pi * BEEP_HERTZ * time)))

    return await cache.make("beep:1", produce)


def _tone(low: int, high: int) -> NDArray[np.float64]:
    time = np.arange(round(TONE_SECONDS * RATE)) / RATE
    tone = _LOW * np.sin(2 * np.pi * low * time) + _HIGH * np.sin(2 * np.pi * high * time)
    return np.concatenate((_ramped(tone), np.zeros(round(GAP_SECONDS * RATE))))


def _ramped(tone: NDArray[np.float64]) -> NDArray[np.float64]:
    ramp = np.sin(np.linspace(0, np.pi / 2, _RAMP)) ** 2
    tone[:_RAMP] *= ramp
    tone[-_RAMP:] *= ramp[::-1]
    return tone


def _wav(tone: NDArray[np.float64]) -> bytes:
    wav = io.BytesIO()
    samples = np.rint(tone * 32767).astype(np.int16)
    soundfile.write(wav, samples, RATE, format="WAV", subtype="PCM_16")
    return wav.getvalue()
