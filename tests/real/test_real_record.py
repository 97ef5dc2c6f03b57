"""`<Record>` on the real Asterisk: the caller's own samples, and what ends a recording."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ari_app.testing import audio
from ari_app.testing.developer import DEADLINE, Developer
from ari_app.testing.http_server import Received
from ari_app.testing.phone import Phone, call
from ari_app.testing.rtp import Law
from ari_app.testing.spoken import spoken

QUIET = b"\xff" * 8000


def recorded(dev: Developer, sid: str) -> audio.Samples:
    """The samples of a finished recording, as they lie on the disk."""
    path: Path = dev.stack.settings.recordings_dir / sid[2:4] / f"{sid}.wav"
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == 8000
    return np.asarray(samples)


@asynccontextmanager
async def speaking(phone: Phone, codes: bytes) -> AsyncIterator[None]:
    """Say ``codes`` again and again while the block runs."""

    async def for_ever() -> None:
        while True:
            await phone.probe.play(codes)

    task = asyncio.create_task(for_ever())
    yield
    task.cancel()
    await asyncio.wait({task})


async def listening(dev: Developer) -> str:
    """Wait until Asterisk records; the recording's SID."""
    return (await dev.app.wait_for("/recording")).params["RecordingSid"]


def document(dev: Developer, attributes: str = "", after: str = "<Hangup/>") -> str:
    told = dev.app.callback("/recording")
    done = dev.app.twiml("/done", "<Hangup/>")
    return (
        f'<Record action="{done}" recordingStatusCallback="{told}" '
        f'recordingStatusCallbackEvent="in-progress completed absent" {attributes}/>{after}'
    )


async def told(dev: Developer, *statuses: str) -> Received:
    """Wait for all the recording's callbacks, in this order; the last one."""
    await dev.app.wait_for("/recording", len(statuses))
    seen = dev.app.received("/recording")
    assert [one.params["RecordingStatus"] for one in seen] == list(statuses)
    return seen[-1]


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
async def test_what_the_caller_says_is_recorded_sample_for_sample(dev: Developer, law: Law) -> None:
    """After the beep; the key that ends it is not in it, and neither is a key that does not."""
    said = audio.random_codes(2.0, seed=71, law=law)
    number = await dev.serving(document(dev, 'finishOnKey="#" trim="do-not-trim"'))
    async with call(dev.stack.sip, number, law=law) as phone:
        sid = await listening(dev)
        await phone.probe.play(said[:8000])
        await phone.probe.press("5")
        await phone.probe.play(said[8000:])
        await phone.probe.press("#")
        await phone.hung_up()
    done = dev.app.received("/done")[0].params
    assert (done["Digits"], done["RecordingSid"]) == ("#", sid)
    assert done["RecordingUrl"].endswith(f"/Accounts/{dev.stack.sid}/Recordings/{sid}")
    samples = recorded(dev, sid)
    wanted = audio.decode(said, law)
    for half in (wanted[:8000], wanted[8000:]):
        assert half.tobytes() in samples.tobytes()
    assert int(done["RecordingDuration"]) == -(-len(samples) // 8000)
    last = (await told(dev, "in-progress", "completed")).params
    assert (last["RecordingChannels"], last["RecordingTrack"]) == ("1", "inbound")
    heard = audio.decode(phone.probe.audio(), law)
    beep = heard[np.abs(heard) > 3000]
    assert len(beep) > 800
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(float(np.argmax(spectrum)) * 8000 / len(heard) - 1000) < 20


async def test_silence_ends_it_and_is_trimmed(dev: Developer) -> None:
    said = audio.random_codes(1.0, seed=72)
    number = await dev.serving(document(dev, 'timeout="2" playBeep="false"'))
    async with call(dev.stack.sip, number) as phone:
        sid = await listening(dev)
        await phone.probe.play(QUIET[:4000] + said + QUIET)
        async with speaking(phone, QUIET):
            await phone.hung_up()
    assert "Digits" not in dev.app.received("/done")[0].params
    samples = recorded(dev, sid)
    assert audio.decode(said, "ulaw").tobytes() in samples.tobytes()
    assert 1.0 <= len(samples) / 8000 <= 1.25
    assert (await told(dev, "in-progress", "completed")).params["RecordingDuration"] == "2"


async def test_silence_alone_is_no_recording_and_the_next_verb_runs(dev: Developer) -> None:
    said = audio.random_codes(0.5, seed=73)
    next_one = dev.files.audio("/next.wav", audio.wav(said, "ulaw"))
    number = await dev.serving(
        document(dev, 'timeout="1" playBeep="false"', f"<Play>{next_one}</Play>")
    )
    async with call(dev.stack.sip, number) as phone:
        await listening(dev)
        async with speaking(phone, QUIET):
            await phone.hung_up()
    assert phone.probe.heard(said)
    assert not dev.app.received("/done")
    last = (await told(dev, "in-progress", "absent")).params
    assert last["ErrorCode"] == "16102"
    assert await dev.problems(await dev.call_sid(), "16102") == ["16102"]


async def test_the_length_ends_it(dev: Developer) -> None:
    number = await dev.serving(document(dev, 'maxLength="1" playBeep="false" trim="do-not-trim"'))
    noise = audio.random_codes(1.0, seed=74)
    async with call(dev.stack.sip, number) as phone, asyncio.timeout(DEADLINE):
        sid = await listening(dev)
        async with speaking(phone, noise):
            await phone.hung_up()
    # Asterisk counts whole seconds of the clock.
    assert 0.5 <= len(recorded(dev, sid)) / 8000 <= 3.0


async def test_a_hang_up_keeps_what_was_said(dev: Developer) -> None:
    said = audio.random_codes(1.5, seed=75)
    number = await dev.serving(document(dev, 'playBeep="false" trim="do-not-trim"'))
    async with call(dev.stack.sip, number) as phone:
        sid = await listening(dev)
        await phone.probe.play(said)
        await phone.sipp.hang_up()
    last = (await told(dev, "in-progress", "completed")).params
    samples = recorded(dev, sid)
    assert audio.decode(said, "ulaw").tobytes() in samples.tobytes()
    done = (await dev.app.wait_for("/done")).params
    assert (done["Digits"], done["CallStatus"]) == ("hangup", "completed")
    assert done["RecordingDuration"] == last["RecordingDuration"]
    assert not list(dev.stack.settings.raw_recordings_dir.glob(f"{sid}*"))


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")
async def test_what_was_said_is_written_down(dev: Developer) -> None:
    written = dev.app.callback("/written")
    number = await dev.serving(document(dev, f'playBeep="false" transcribeCallback="{written}"'))
    async with call(dev.stack.sip, number) as phone:
        sid = await listening(dev)
        await phone.probe.play(spoken("one two three four five six") + QUIET)
        await phone.probe.press("#")
        await phone.hung_up()
    params = (await dev.app.wait_until(lambda r: r.path == "/written", timeout=60)).params
    assert (params["TranscriptionStatus"], params["RecordingSid"]) == ("completed", sid)
    # What was understood is the engine's affair; that it heard words, as many as can be, is ours.
    assert 3 <= len(params["TranscriptionText"].split()) <= 15
    (kept,) = await dev.rest(dev.client.recordings(sid).transcriptions.list)
    assert (kept.sid, kept.transcription_text) == (
        params["TranscriptionSid"],
        params["TranscriptionText"],
    )
    assert await dev.problems(await dev.call_sid()) == []
