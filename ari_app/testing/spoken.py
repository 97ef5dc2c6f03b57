"""A caller's words: espeak-ng as it sounds over a telephone."""

from __future__ import annotations

import io
import subprocess

import numpy as np
import soundfile
import soxr

from ari_app.testing import audio


def spoken(text: str) -> bytes:
    """Words as a caller's telephone sends them, µ-law. Needs espeak-ng."""
    words = ["espeak-ng", "-v", "en-us", "-s", "130", "--stdout", text]
    made = subprocess.run(words, capture_output=True, check=True).stdout  # noqa: S603
    samples, rate = soundfile.read(io.BytesIO(made), dtype="float32")
    narrow = soxr.resample(samples, rate, 8000)
    return audio.encode((narrow / np.abs(narrow).max() * 12000).astype(np.int16), "ulaw")
