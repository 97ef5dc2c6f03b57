"""The sounds that the switch makes itself: as long and as loud as they should be."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from ari_app.media.music import MUSIC_SECONDS, RATE, chime_wav, music_wav


def test_the_music_is_quiet_and_ends_as_it_begins() -> None:
    samples, rate = soundfile.read(io.BytesIO(music_wav()))
    assert (rate, samples.size) == (RATE, round(MUSIC_SECONDS * RATE))
    assert 0.1 < np.abs(samples).max() < 0.25
    seam = abs(samples[0] - samples[-1])
    assert seam <= np.abs(np.diff(samples)).max()
    seconds = samples[: int(MUSIC_SECONDS) * RATE].reshape(-1, RATE)
    assert np.abs(seconds).max(axis=1).min() > 0.02  # there is always something to hear


@pytest.mark.parametrize(("rising", "first", "second"), [(True, 660, 880), (False, 880, 660)])
def test_the_chime_rises_for_who_comes(rising: bool, first: int, second: int) -> None:
    samples, rate = soundfile.read(io.BytesIO(chime_wav(rising)))
    half = samples.size // 2
    peaks = [
        float(np.argmax(np.abs(np.fft.rfft(part)))) * rate / part.size
        for part in (samples[:half], samples[half:])
    ]
    assert peaks == pytest.approx([first, second], abs=10)
