"""Which tones a telephone hears: who is in a mix, told by a frequency each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import numpy as np
import numpy.typing as npt

from ari_app.testing import audio, rtp
from ari_app.testing.phone import Phone

#: Seconds that are listened to at a time, and within which a tone must be heard.
WINDOW = 0.4
DEADLINE = 20.0
#: A tone counts as heard from this part of a full-scale sine on; less is leakage.
_LEAST = 0.02


@asynccontextmanager
async def speaking(phone: Phone, hertz: float, *, law: rtp.Law = "ulaw") -> AsyncIterator[None]:
    """Let the telephone send a steady tone while the block runs."""
    tone = audio.tone_codes(1.0, hertz, law)

    async def speak() -> None:
        while True:
            await phone.probe.play(tone)

    task = asyncio.create_task(speak())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def heard(phone: Phone, hertz: Iterable[float]) -> set[float]:
    """Return which of the tones were in the last `WINDOW` seconds that the telephone heard."""
    frames = [packet.payload for packet in phone.probe.received if packet.is_audio]
    codes = b"".join(frames[-round(WINDOW / rtp.FRAME_SECONDS) :])
    if len(codes) < WINDOW * rtp.SAMPLE_RATE:
        return set()
    samples = audio.decode(codes, phone.probe.law) / 32768
    return {one for one in hertz if _level(samples, one) > _LEAST}


async def hears(phone: Phone, wanted: Iterable[float], among: Iterable[float]) -> None:
    """Wait until the telephone hears exactly the ``wanted`` of the tones ``among``.

    Raises AssertionError with what it heard last when that does not come about.
    """
    among, wanted = list(among), set(wanted)
    try:
        async with asyncio.timeout(DEADLINE):
            await phone.probe.until(lambda: heard(phone, among) == wanted)
    except TimeoutError:
        last = sorted(heard(phone, among))
        raise AssertionError(f"heard {last} instead of {sorted(wanted)}") from None


def _level(samples: npt.NDArray[np.float64], hertz: float) -> float:
    """The amplitude of one frequency, 1 for a full-scale sine."""
    window = np.hanning(samples.size)
    turn = np.exp(-2j * np.pi * hertz * np.arange(samples.size) / rtp.SAMPLE_RATE)
    return float(2 * abs(np.dot(samples * window, turn)) / window.sum())
