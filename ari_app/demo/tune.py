"""A short tune, made of sines when first asked for: nothing to ship and no licence to keep."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import soundfile

SAMPLE_RATE = 8000
_BEAT = 0.22
_FADE = 0.03
# "Ode to Joy", first two lines: semitones above A4, length in beats.
_NOTES = (
    *((7, 1), (7, 1), (8, 1), (10, 1), (10, 1), (8, 1), (7, 1), (5, 1)),
    *((3, 1), (3, 1), (5, 1), (7, 1), (7, 1.5), (5, 0.5), (5, 2)),
)


@cache
def tune_wav() -> bytes:
    """Return the tune as a 16-bit mono WAV file at 8 kHz, about four seconds long."""
    notes = [_note(440 * 2 ** (semitones / 12), beats * _BEAT) for semitones, beats in _NOTES]
    out = io.BytesIO()
    soundfile.write(out, np.concatenate(notes), SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()


def _note(hertz: float, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    envelope = np.minimum(1, np.minimum(time, seconds - time) / _FADE)
    sound: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        0.3 * envelope * (np.sin(2 * np.pi * hertz * time) + 0.3 * np.sin(4 * np.pi * hertz * time))
    )
    return sound
