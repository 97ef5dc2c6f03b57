"""G.711 tables (ITU-T G.711), checked against the published ones."""

from __future__ import annotations

import warnings

import pytest

from stream import g711

# ITU-T G.711 table 1a/2a: decision by segment; the first codes of each segment, as 16-bit.
ULAW_POINTS = {0xFF: 0, 0xFE: 8, 0xEF: 132, 0xDF: 396, 0xCF: 924, 0xBF: 1980, 0xAF: 4092,
               0x9F: 8316, 0x8F: 16764, 0x80: 32124, 0x7F: 0, 0x00: -32124}  # fmt: skip
ALAW_POINTS = {0xD5: 8, 0x55: -8, 0xD4: 24, 0xC5: 264, 0xF5: 528, 0xE5: 1056, 0x95: 2112,
               0x85: 4224, 0xB5: 8448, 0xA5: 16896, 0xAA: 32256, 0x2A: -32256}  # fmt: skip


def test_decoding_hits_the_published_levels() -> None:
    assert {code: g711.ulaw_to_linear(code) for code in ULAW_POINTS} == ULAW_POINTS
    assert {code: g711.alaw_to_linear(code) for code in ALAW_POINTS} == ALAW_POINTS


def test_every_code_is_its_own_encoding() -> None:
    """µ-law has two zeros: 0x7F comes back as 0xFF."""
    for code in range(256):
        expected = 0xFF if code == 0x7F else code
        assert g711.linear_to_ulaw(g711.ulaw_to_linear(code)) == expected
        assert g711.linear_to_alaw(g711.alaw_to_linear(code)) == code


def test_every_sample_encodes_near_itself() -> None:
    """The quantising error is at most a step at the foot of a segment."""
    for sample in range(-32768, 32768, 7):
        for encode, decode in (
            (g711.linear_to_ulaw, g711.ulaw_to_linear),
            (g711.linear_to_alaw, g711.alaw_to_linear),
        ):
            error = abs(decode(encode(sample)) - sample)
            assert error <= max(abs(sample) // 24, 20)


def test_conversion_equals_decoding_and_encoding_by_the_standard_library() -> None:
    """Which is also what Asterisk does, so that a bridge that transcodes changes nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop")
    codes = bytes(range(256))
    assert audioop.lin2ulaw(audioop.alaw2lin(codes, 2), 2) == g711.ALAW_TO_ULAW
    assert audioop.lin2alaw(audioop.ulaw2lin(codes, 2), 2) == g711.ULAW_TO_ALAW


def test_most_codes_survive_both_conversions() -> None:
    """Each law is finer than the other somewhere: 16 of 256 codes have to merge (G.711)."""
    codes = bytes(range(256))
    there_and_back = codes.translate(g711.ALAW_TO_ULAW).translate(g711.ULAW_TO_ALAW)
    same = sum(a == b for a, b in zip(codes, there_and_back, strict=True))
    assert same == 240


def test_silence_stays_silence() -> None:
    assert bytes([g711.ULAW_SILENCE]).translate(g711.ULAW_TO_ALAW)[0] == g711.ALAW_SILENCE
    assert g711.ulaw_to_linear(g711.ALAW_TO_ULAW[g711.ALAW_SILENCE]) == 8


def test_a_second_pass_through_the_bridge_changes_nothing() -> None:
    """An A-law echo is stable: what once came back as A-law comes back the same for ever."""
    once = bytes(range(256)).translate(g711.ALAW_TO_ULAW).translate(g711.ULAW_TO_ALAW)
    assert once.translate(g711.ALAW_TO_ULAW).translate(g711.ULAW_TO_ALAW) == once
