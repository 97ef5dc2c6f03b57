"""Raw audio becomes the WAV that is handed out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from ari_app.media import recording_folder
from ari_app.media.recorded import Cut, Piece, mono, write_wav
from ari_app.media.recording_folder import RecordingFolder, is_written

RATE = 8000
RE = "RE" + "ab" * 16


def noise(seconds: float, seed: int = 1) -> NDArray[np.int16]:
    size = round(seconds * RATE)
    return np.random.default_rng(seed).integers(-20_000, 20_000, size).astype(np.int16)


def silence(seconds: float) -> NDArray[np.int16]:
    return np.zeros(round(seconds * RATE), dtype=np.int16)


def stereo(path: Path, left: NDArray[np.int16], right: NDArray[np.int16]) -> Piece:
    np.column_stack((left, right)).tofile(path)
    return Piece(path)


def heard(path: Path) -> NDArray[np.int16]:
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    assert rate == RATE
    return np.asarray(samples)


@pytest.mark.parametrize(
    ("track", "channels"),
    [(t, c) for t in ("inbound", "outbound", "both") for c in (1, 2)],
)
def test_tracks_become_channels_sample_for_sample(
    tmp_path: Path, track: str, channels: int
) -> None:
    left, right = noise(21.0, 1), noise(21.0, 2)
    piece = stereo(tmp_path / "a.raw", left, right)
    out = tmp_path / "a.wav"
    made = write_wav([piece], out, Cut(2, channels, track))  # type: ignore[arg-type]
    got = heard(out)
    assert (made.seconds, made.size, made.loud) == (21.0, out.stat().st_size, True)
    zero = np.zeros_like(left)
    tracks = [zero if track == "outbound" else left, zero if track == "inbound" else right]
    if channels == 2:
        assert np.array_equal(got, np.column_stack(tracks))
    else:
        both = tracks[0].astype(np.int32) + tracks[1]
        assert np.array_equal(got[:, 0], np.clip(both, -32768, 32767))


def test_mono_raw_audio_is_kept_as_it_is(tmp_path: Path) -> None:
    samples = noise(1.0)
    samples.tofile(tmp_path / "a.sln")
    write_wav([Piece(tmp_path / "a.sln")], tmp_path / "a.wav", Cut(1))
    assert np.array_equal(heard(tmp_path / "a.wav")[:, 0], samples)


def test_pauses_are_silent_and_lost_files_are_passed_over(tmp_path: Path) -> None:
    one, two = noise(0.5, 1), noise(0.25, 2)
    one.tofile(tmp_path / "1.sln")
    two.tofile(tmp_path / "2.sln")
    pieces = [
        Piece(tmp_path / "1.sln"),
        Piece(tmp_path / "lost.sln", 3.0),
        Piece(tmp_path / "2.sln", 0.1),
    ]
    write_wav(pieces, tmp_path / "a.wav", Cut(1))
    wanted = np.concatenate((one, silence(0.1), two))
    assert np.array_equal(heard(tmp_path / "a.wav")[:, 0], wanted)


def test_silence_at_both_ends_is_trimmed_but_a_little(tmp_path: Path) -> None:
    words = np.concatenate((noise(1.0), silence(2.0), noise(1.0)))
    quiet = np.full(RATE * 30, 50, dtype=np.int16)
    np.concatenate((quiet, words, quiet)).tofile(tmp_path / "a.sln")
    made = write_wav([Piece(tmp_path / "a.sln")], tmp_path / "a.wav", Cut(1, trim=True))
    got = heard(tmp_path / "a.wav")[:, 0]
    assert made.seconds == len(got) / RATE
    assert 4.0 <= made.seconds <= 4.3
    assert np.array_equal(got[800 : 800 + len(words)], words)


@pytest.mark.parametrize(("seconds", "trim", "loud"), [(0.05, False, True), (5.0, True, False)])
def test_nothing_left_writes_no_file(
    tmp_path: Path, seconds: float, trim: bool, loud: bool
) -> None:
    (noise(seconds) if loud else silence(seconds)).tofile(tmp_path / "a.sln")
    made = write_wav([Piece(tmp_path / "a.sln")], tmp_path / "a.wav", Cut(1, trim=trim))
    assert (made.seconds, made.loud, made.raw_seconds) == (0, loud, seconds)
    assert [path.name for path in tmp_path.iterdir()] == ["a.sln"]


def test_a_torn_last_sample_does_no_harm(tmp_path: Path) -> None:
    raw = noise(1.0).tobytes() + b"\x01"
    (tmp_path / "a.sln").write_bytes(raw)
    made = write_wav([Piece(tmp_path / "a.sln")], tmp_path / "a.wav", Cut(1))
    assert made.seconds == 1.0


def test_two_channels_can_be_had_as_one(tmp_path: Path) -> None:
    left, right = noise(1.0, 1), noise(1.0, 2)
    write_wav([stereo(tmp_path / "a.raw", left, right)], tmp_path / "a.wav", Cut(2, 2))
    mono(tmp_path / "a.wav", tmp_path / "b.wav")
    both = np.clip(left.astype(np.int32) + right, -32768, 32767)
    assert np.array_equal(heard(tmp_path / "b.wav")[:, 0], both)


def folder(tmp_path: Path, limit: int = 10**9) -> RecordingFolder:
    (tmp_path / "spool").mkdir()
    return RecordingFolder(tmp_path / "done", tmp_path / "spool", limit)


async def finish(files: RecordingFolder, seconds: float = 1.0) -> None:
    noise(seconds).tofile(files.raw("a.sln"))
    await files.finish(RE, [("a.sln", 0.0)], raw_tracks=1, channels=1, track="inbound", trim=False)


async def test_a_file_is_whole_when_nobody_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = folder(tmp_path)
    path = files.raw("a.raw")
    assert is_written(path) is None
    with path.open("wb") as writer:
        assert is_written(path) is True
        waiting = asyncio.create_task(files.closed("a.raw"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        writer.write(b"x")
    assert await waiting is True
    monkeypatch.setattr(recording_folder, "CLOSE_SECONDS", 0.05)
    assert await files.closed("never.raw") is False


async def test_the_raw_files_go_and_other_forms_are_made_once(tmp_path: Path) -> None:
    files = folder(tmp_path)
    await finish(files)
    assert not files.raw("a.sln").exists()
    mp3 = await files.other(RE, kind="mp3", channels=None)
    made = mp3.stat().st_mtime_ns
    assert (await files.other(RE, kind="mp3", channels=None)).stat().st_mtime_ns == made
    assert abs(soundfile.info(mp3).duration - 1.0) < 0.2
    assert await files.other(RE, kind="wav", channels=None) == files.wav(RE)
    files.raw(f"{RE}-1.raw").write_bytes(b"left by a failure")
    await files.delete(RE)
    await files.delete(RE)
    assert list((tmp_path / "spool").iterdir()) == []
    assert [path for path in (tmp_path / "done").rglob("*") if path.is_file()] == []


async def test_the_bound_counts_what_is_there_and_a_deletion_makes_room(tmp_path: Path) -> None:
    files = folder(tmp_path, limit=10_000)
    assert await files.no_room() == ""
    await finish(files)
    assert "of 10000 allowed" in await files.no_room()
    again = RecordingFolder(tmp_path / "done", tmp_path / "spool", 10_000)
    assert await again.no_room() != ""
    await again.delete(RE)
    assert await again.no_room() == ""


async def test_a_disk_that_is_nearly_full_takes_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = folder(tmp_path)
    monkeypatch.setattr(recording_folder, "RESERVE", 10**18)
    assert "bytes left" in await files.no_room()


async def test_an_error_of_the_disk_keeps_the_raw_audio(tmp_path: Path) -> None:
    files = folder(tmp_path)
    (tmp_path / "done").write_text("in the way")
    with pytest.raises(OSError, match="done"):
        await finish(files)
    assert files.raw("a.sln").exists()
