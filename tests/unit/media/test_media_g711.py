"""G.711 of whole files: the ITU's reference for all 65,536 samples, and who differs from it."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from ari_app.media import g711
from stream import g711 as bridge

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
EVERY_CODE = bytes(range(256))


def itu_ulaw_compress(sample: int) -> int:
    """ITU-T G.191 ``ulaw_compress``, one sample, as its C code goes."""
    magnitude = ((~sample >> 2) if sample < 0 else (sample >> 2)) + 33
    magnitude = min(magnitude, 0x1FFF)
    segment, rest = 1, magnitude >> 6
    while rest:
        segment += 1
        rest >>= 1
    code = (0x08 - segment) << 4 | (0x0F - (magnitude >> segment & 0x0F))
    return code | 0x80 if sample >= 0 else code


def itu_alaw_compress(sample: int) -> int:
    """ITU-T G.191 ``alaw_compress``, one sample, as its C code goes."""
    magnitude = (~sample >> 4) if sample < 0 else (sample >> 4)
    if magnitude > 15:
        exponent = 1
        while magnitude > 16 + 15:
            magnitude >>= 1
            exponent += 1
        magnitude -= 16
        magnitude += exponent << 4
    if sample >= 0:
        magnitude |= 0x80
    return magnitude ^ 0x55


def test_ulaw_equals_the_itu_reference_for_every_sample() -> None:
    expected = bytes(itu_ulaw_compress(int(sample)) for sample in EVERY_SAMPLE)
    assert g711.ulaw_encode(EVERY_SAMPLE) == expected


def test_alaw_equals_the_itu_reference_for_every_sample() -> None:
    expected = bytes(itu_alaw_compress(int(sample)) for sample in EVERY_SAMPLE)
    assert g711.alaw_encode(EVERY_SAMPLE) == expected


def test_decoding_and_encoding_again_gives_the_same_code() -> None:
    """All but µ-law's negative zero, which 16 bits cannot tell from zero."""
    ulaw = g711.ulaw_encode(g711.ulaw_decode(EVERY_CODE))
    assert ulaw == EVERY_CODE.replace(b"\x7f", b"\xff")
    assert g711.alaw_encode(g711.alaw_decode(EVERY_CODE)) == EVERY_CODE


@pytest.mark.parametrize("program", ["sox", "ffmpeg"])
@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_other_encoders_differ_near_decision_values_only(program: str, law: str) -> None:
    """SoX and FFmpeg round at decision values each in their way: never more than one step."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    command = {
        "sox": "sox -D -V1 -traw -r8000 -es -b16 -c1 - -traw -b8 -e"
        f"{'mu-law' if law == 'ulaw' else 'a-law'} -",
        "ffmpeg": "ffmpeg -v error -f s16le -ar 8000 -ac 1 -i - -f "
        f"{'mulaw' if law == 'ulaw' else 'alaw'} -",
    }[program]
    theirs = subprocess.run(
        command.split(), input=EVERY_SAMPLE.tobytes(), capture_output=True, check=True
    ).stdout
    encode = g711.ulaw_encode if law == "ulaw" else g711.alaw_encode
    ours = encode(EVERY_SAMPLE)
    assert len(theirs) == len(ours)
    flip = 0xFF if law == "ulaw" else 0xD5

    def step(code: int) -> int:
        code ^= flip
        return -1 - (code & 0x7F) if code & 0x80 else code

    apart = [abs(step(a) - step(b)) for a, b in zip(ours, theirs, strict=True)]
    assert max(apart) <= 1
    assert sum(1 for distance in apart if distance) < 0.02 * len(apart)


def test_conversion_between_the_laws_equals_that_of_the_stream_bridge() -> None:
    """One caller hears the same audio whether it comes by Play or by a stream."""
    assert g711.alaw_encode(g711.ulaw_decode(EVERY_CODE)) == bridge.ULAW_TO_ALAW
    assert g711.ulaw_encode(g711.alaw_decode(EVERY_CODE)) == bridge.ALAW_TO_ULAW
