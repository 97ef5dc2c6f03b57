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
LEAST = 0.02


def tone(seconds: float, hertz: float, law: rtp.Law = "ulaw") -> bytes:
    """Return a sine as G.711 bytes, so quiet that a mix of many does not reach full scale.

    (A mix that does leaves a caller some of his own voice.)
    """
    time = np.arange(round(seconds * rtp.SAMPLE_RATE)) / rtp.SAMPLE_RATE
    return audio.encode((np.sin(2 * np.pi * hertz * time) * 3000).astype(np.int16), law)


@asynccontextmanager
async def speaking(phone: Phone, hertz: float, *, law: rtp.Law = "ulaw") -> AsyncIterator[None]:
    """Let the telephone send a steady tone while the block runs."""
    codes = tone(1.0, hertz, law)

    async def speak() -> None:
        while True:
            await phone.probe.play(codes)

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
    return {one for one in hertz if level(samples, one) > LEAST}


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


def level(samples: npt.NDArray[np.float64], hertz: float) -> float:
    """Return the amplitude of one frequency, 1 for a full-scale sine."""
    window = np.hanning(samples.size)
    turn = np.exp(-2j * np.pi * hertz * np.arange(samples.size) / rtp.SAMPLE_RATE)
    return float(2 * abs(np.dot(samples * window, turn)) / window.sum())
