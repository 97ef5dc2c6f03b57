"""Sounds made here: music for those who wait, and the chimes of a conference.

The music is a broken chord over four harmonies in soft, plucked tones, so that nobody's rights
are touched and no file has to be shipped. It ends as it begins: it may be repeated.
"""

from __future__ import annotations

import asyncio
import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from ari_app.media.cache import MediaCache
from ari_app.media.sound import Sound

RATE = 8000
#: Seconds from one note to the next, and the length of a round of 64.
STEP = 0.375
MUSIC_SECONDS = 64 * STEP
#: Loudness against full scale: quieter than speech (about -20 dBFS).
_LEVEL = 0.16

#: C, a minor, F, G: each as the steps (in semitones from middle C) of its broken chord.
_CHORDS = (
    (-12, -5, 0, 4, 7, 12, 7, 4),
    (-15, -8, -3, 0, 4, 9, 4, 0),
    (-19, -12, -7, -3, 0, 5, 0, -3),
    (-17, -10, -5, -1, 2, 7, 2, -1),
)
_MIDDLE_C = 261.63

#: Chimes of a conference: two tones in hertz, 120 ms each.
_CHIME = (660.0, 880.0)
_CHIME_SECONDS = 0.12
_CHIME_LEVEL = 0.2


class Tunes:
    """The switch's own sounds, each made once and kept in the media cache."""

    def __init__(self, cache: MediaCache) -> None:
        self._cache = cache

    async def music(self) -> Sound:
        """Return `MUSIC_SECONDS` of music. Raises TwilioError 12400 without disk space."""
        return await self._cache.make("music:1", _produce_music)

    async def chime(self, *, rising: bool) -> Sound:
        """Return two short tones, upwards or downwards. Raises TwilioError 12400."""

        async def produce() -> bytes:
            return chime_wav(rising)

        return await self._cache.make(f"chime:1:{rising}", produce)


async def _produce_music() -> bytes:
    return await asyncio.to_thread(music_wav)


def music_wav() -> bytes:
    """Return a round of the music as WAV (8 kHz mono, 16 bit)."""
    size = round(MUSIC_SECONDS * RATE)
    mix = np.zeros(size)
    steps = [step for chord in _CHORDS for step in (*chord, *chord)]
    for number, step in enumerate(steps):
        note = _pluck(_MIDDLE_C * 2 ** (step / 12), 1.5)
        # What sounds on past the end is heard at the beginning of the next round.
        places = (round(number * STEP * RATE) + np.arange(note.size)) % size
        mix[places] += note
    return _wav(mix / np.abs(mix).max() * _LEVEL)


def chime_wav(rising: bool) -> bytes:
    """Return the chime of somebody who comes (``rising``) or goes as WAV."""
    tones = _CHIME if rising else _CHIME[::-1]
    return _wav(np.concatenate([_tone(hertz) for hertz in tones]) * _CHIME_LEVEL)


def _pluck(hertz: float, seconds: float) -> NDArray[np.float64]:
    """A tone that dies away, its overtones faster than itself."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = sum(
        np.sin(2 * np.pi * hertz * part * time) * np.exp(-time * 3.0 * part) / part**2
        for part in (1, 2, 3)
    )
    return np.asarray(tone * np.minimum(time / 0.008, 1.0) * np.minimum((seconds - time) / 0.1, 1))


def _tone(hertz: float) -> NDArray[np.float64]:
    time = np.arange(round(_CHIME_SECONDS * RATE)) / RATE
    edge = np.minimum(np.minimum(time, _CHIME_SECONDS - time) / 0.01, 1.0)
    return np.asarray(np.sin(2 * np.pi * hertz * time) * edge)


def _wav(samples: NDArray[np.float64]) -> bytes:
    out = io.BytesIO()
    pcm = np.rint(samples * 32767).astype(np.int16)
    soundfile.write(out, pcm, RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()
