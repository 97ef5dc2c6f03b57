"""Audio a test can find again byte for byte: made from a seed, exact in G.711.

A WAV made here holds only sample values that are G.711 code points, so every correct encoder
turns it back into the very codes it was made from, and a checksum may be compared after any
number of conversions. Source: ITU-T G.711, by libsndfile's tables.
"""

from __future__ import annotations

import io
import random

import numpy as np
import numpy.typing as npt
import soundfile

from ari_app.testing.rtp import SAMPLE_RATE, Law

Samples = npt.NDArray[np.int16]

_SUBTYPES: dict[Law, str] = {"ulaw": "ULAW", "alaw": "ALAW"}
# The µ-law code of "minus zero" comes back as 0xFF from encoders; it is not used.
_UNSTABLE: dict[Law, bytes] = {"ulaw": b"\x7f", "alaw": b""}


def random_codes(seconds: float, seed: int, law: Law = "ulaw") -> bytes:
    """Return random G.711 bytes, the same for the same seed: no frame is silent or repeated."""
    source = random.Random(seed)  # noqa: S311 - test noise
    codes = bytes(code for code in range(256) if code not in _UNSTABLE[law])
    return bytes(source.choices(codes, k=round(seconds * SAMPLE_RATE)))


def tone_codes(seconds: float, hertz: float = 425.0, law: Law = "alaw") -> bytes:
    """Return a sine at half of full scale as G.711 bytes."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return encode((np.sin(2 * np.pi * hertz * time) * 16000).astype(np.int16), law)


def encode(samples: Samples, law: Law) -> bytes:
    """Return 16-bit samples at 8 kHz as G.711 bytes."""
    out = io.BytesIO()
    soundfile.write(out, samples, SAMPLE_RATE, format="RAW", subtype=_SUBTYPES[law])
    # "Minus zero" sounds as zero does, and only one of them survives a decoder.
    return out.getvalue().replace(b"\x7f", b"\xff") if law == "ulaw" else out.getvalue()


def decode(codes: bytes, law: Law) -> Samples:
    """Return G.711 bytes as 16-bit samples."""
    samples: Samples
    samples, _ = soundfile.read(
        io.BytesIO(codes),
        dtype="int16",
        samplerate=SAMPLE_RATE,
        channels=1,
        format="RAW",
        subtype=_SUBTYPES[law],
    )
    return samples


def wav(codes: bytes, law: Law) -> bytes:
    """Return a 16-bit PCM WAV file that encodes back to exactly ``codes``."""
    out = io.BytesIO()
    soundfile.write(out, decode(codes, law), SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()
