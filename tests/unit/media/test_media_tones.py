"""Play digits: the right pair of frequencies for each key (ITU-T Q.23), w and W as pauses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ari_app.errors import TwilioError
from ari_app.media import MediaCache, dtmf, g711

KEYS = {"1": (697, 1209), "5": (770, 1336), "#": (941, 1477), "D": (941, 1633), "A": (697, 1633)}


def ulaw_of(path: str) -> bytes:
    return Path(path + ".ulaw").read_bytes()


async def heard(cache: MediaCache, digits: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sound = await dtmf(cache, digits)
    samples = g711.ulaw_decode(ulaw_of(sound.path))
    assert len(samples) == sound.duration * 8000
    return np.asarray(samples / 32768, dtype=np.float64)


@pytest.mark.parametrize("key", KEYS)
async def test_a_key_is_its_two_frequencies(cache: MediaCache, key: str) -> None:
    samples = (await heard(cache, key))[:800]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(800), 8000))
    low = int(np.argmax(spectrum[600:1050])) + 600
    high = int(np.argmax(spectrum[1050:1800])) + 1050
    assert abs(low - KEYS[key][0]) <= 5
    assert abs(high - KEYS[key][1]) <= 5
    assert 0.4 < np.max(np.abs(samples)) < 0.9  # loud, not clipped


async def test_pauses_last_half_a_second_and_a_second(cache: MediaCache) -> None:
    assert (await dtmf(cache, "1")).duration == pytest.approx(0.2)
    assert (await dtmf(cache, "1w1")).duration == pytest.approx(0.9)
    assert (await dtmf(cache, "1W1")).duration == pytest.approx(1.4)
    assert not np.any(await heard(cache, "wW"))


@pytest.mark.parametrize("digits", ["", "12x", "a", "1 2", "1" * 1001, "٣"])
async def test_bad_digits_are_13430(cache: MediaCache, digits: str) -> None:
    with pytest.raises(TwilioError) as caught:
        await dtmf(cache, digits)
    assert caught.value.code == 13430


async def test_the_same_digits_are_made_once(cache: MediaCache) -> None:
    assert await dtmf(cache, "123") == await dtmf(cache, "123")
