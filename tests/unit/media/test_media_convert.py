"""Files of every kind to G.711, and hostile ones to a clear verdict."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ari_app.media import g711
from ari_app.media.convert import Kind, UnusableAudio, convert
from ari_app.media.isolate import convert_isolated

Audio = NDArray[Any]


def tone(rate: int, seconds: float = 0.5, hertz: float = 440.0) -> Audio:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def written(path: Path, samples: Audio, rate: int, **how: str) -> Path:
    soundfile.write(path, samples, rate, **how)
    return path


def decoded(target: Path) -> Audio:
    return g711.ulaw_decode(target.with_suffix(".ulaw").read_bytes()) / 32768


def level_at(samples: Audio, hertz: float) -> float:
    """Amplitude of one frequency at 8 kHz."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / 8000)
    return float(2 * abs(np.mean(samples * turn)))


@pytest.mark.parametrize(
    ("file_format", "subtype", "rate", "channels"),
    [
        ("WAV", "PCM_16", 8000, 1),
        ("WAV", "PCM_U8", 11025, 1),
        ("WAV", "PCM_24", 44100, 2),
        ("WAV", "PCM_32", 48000, 6),
        ("WAV", "FLOAT", 22050, 2),
        ("WAV", "DOUBLE", 16000, 1),
        ("WAV", "ULAW", 16000, 1),
        ("WAV", "ALAW", 8000, 2),
        ("WAV", "IMA_ADPCM", 8000, 1),
        ("WAV", "GSM610", 8000, 1),
        ("WAVEX", "PCM_16", 32000, 2),
        ("AIFF", "PCM_16", 44100, 1),
        ("AU", "ULAW", 8000, 1),
        ("FLAC", "PCM_16", 16000, 1),
        ("OGG", "VORBIS", 44100, 1),
        ("MP3", "MPEG_LAYER_III", 44100, 2),
        ("MP3", "MPEG_LAYER_III", 22050, 1),
    ],
)
def test_a_tone_of_any_format_stays_that_tone(
    tmp_path: Path, file_format: str, subtype: str, rate: int, channels: int
) -> None:
    samples = np.repeat(tone(rate)[:, None], channels, axis=1)
    source = written(tmp_path / "in", samples, rate, format=file_format, subtype=subtype)
    length = convert(source, "auto", tmp_path / "out")
    heard = decoded(tmp_path / "out")
    assert length == len(heard)
    assert length % 160 == 0
    assert 4000 <= length <= 4000 + 160 + 1200  # MP3 and ADPCM pad to whole blocks
    assert level_at(heard[800:3200], 440) == pytest.approx(0.5, abs=0.04)
    assert level_at(heard[800:3200], 1300) < 0.02


def test_headerless_gsm_is_read(tmp_path: Path) -> None:
    """audio/gsm (Twilio: Play's types)."""
    source = written(
        tmp_path / "in", tone(8000), 8000, format="RAW", subtype="GSM610", endian="FILE"
    )
    convert(source, "gsm", tmp_path / "out")
    assert level_at(decoded(tmp_path / "out")[800:3200], 440) == pytest.approx(0.5, abs=0.05)


def test_every_16_bit_sample_is_encoded_as_g711_says(tmp_path: Path) -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    source = written(tmp_path / "in", every, 8000, format="WAV", subtype="PCM_16")
    convert(source, "auto", tmp_path / "out")
    ulaw = (tmp_path / "out.ulaw").read_bytes()
    alaw = (tmp_path / "out.alaw").read_bytes()
    assert ulaw[:65536] == g711.ulaw_encode(every)
    assert alaw[:65536] == g711.alaw_encode(every)
    assert set(ulaw[65536:]) == {0xFF}  # B-5
    assert set(alaw[65536:]) == {0xD5}


def test_overdriven_and_undefined_floats_are_clipped(tmp_path: Path) -> None:
    wild = np.array([9.0, -9.0, np.inf, -np.inf, np.nan] * 32, np.float32)
    source = written(tmp_path / "in", wild, 8000, format="WAV", subtype="FLOAT")
    convert(source, "auto", tmp_path / "out")
    assert set((tmp_path / "out.ulaw").read_bytes()) == {0x80, 0x00, 0xFF}


def wav_header(data_size: int, rate: int = 8000, channels: int = 1, tag: int = 1) -> bytes:
    fmt = struct.pack("<HHIIHH", tag, channels, rate, 0, 2, 8 if tag > 5 else 16)
    return b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + fmt + b"data" + struct.pack("<I", data_size)


@pytest.mark.parametrize("tag", [1, 6, 7])
def test_a_header_that_claims_4_gb_gives_what_is_there(tmp_path: Path, tag: int) -> None:
    (tmp_path / "in").write_bytes(wav_header(0xFFFFFFFF, tag=tag) + bytes(1600))
    assert convert(tmp_path / "in", "auto", tmp_path / "out") == (800 if tag == 1 else 1600)


@pytest.mark.parametrize("hz", [0, 1, 999, 4_000_000_000])
def test_an_absurd_sample_rate_is_refused(tmp_path: Path, hz: int) -> None:
    """One second a sample would grow 8000-fold."""
    (tmp_path / "in").write_bytes(wav_header(100_000, rate=hz) + bytes(100_000))
    with pytest.raises(UnusableAudio):
        convert(tmp_path / "in", "auto", tmp_path / "out")


def test_more_than_forty_minutes_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "in").open("wb") as file:
        file.truncate(41 * 60 * 8000)
    with pytest.raises(UnusableAudio, match="40 minutes"):
        convert(tmp_path / "in", "ulaw", tmp_path / "out")


def seeds() -> list[bytes]:
    files = []
    for file_format, subtype in [
        ("WAV", "PCM_16"), ("WAV", "ULAW"), ("AIFF", "PCM_16"), ("AU", "ULAW"), ("FLAC", "PCM_16")
    ]:  # fmt: skip
        out = io.BytesIO()
        soundfile.write(out, tone(8000, 0.05), 8000, format=file_format, subtype=subtype)
        files.append(out.getvalue())
    return files


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.one_of(
        st.binary(max_size=2000),
        st.builds(
            lambda file, cut, at, noise: (file[:at] + noise + file[at + len(noise) :])[:cut],
            st.sampled_from(seeds()),
            st.integers(1, 2000),
            st.integers(0, 120),
            st.binary(max_size=12),
        ),
    ),
    kind=st.sampled_from(["auto", "ulaw", "gsm"]),
)
def test_any_bytes_give_whole_frames_or_a_verdict(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: Kind
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "hostile").write_bytes(data)
    try:
        length = convert(folder / "hostile", kind, folder / "hostile-out")
    except UnusableAudio:
        return
    assert length > 0
    assert length % 160 == 0
    assert (folder / "hostile-out.ulaw").stat().st_size == length
    assert (folder / "hostile-out.alaw").stat().st_size == length


async def test_a_decoder_process_gives_the_same_as_a_thread(tmp_path: Path) -> None:
    source = written(tmp_path / "in", tone(44100), 44100, format="MP3")
    length = await convert_isolated(source, "auto", tmp_path / "a")
    assert convert(source, "auto", tmp_path / "b") == length
    assert decoded(tmp_path / "a").tolist() == decoded(tmp_path / "b").tolist()


async def test_a_decoder_process_tells_what_is_wrong(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.touch()
    with pytest.raises(UnusableAudio):
        await convert_isolated(source, "auto", tmp_path / "out")
    with pytest.raises(OSError, match="No such file"):
        await convert_isolated(source, "auto", tmp_path / "nowhere" / "out")
