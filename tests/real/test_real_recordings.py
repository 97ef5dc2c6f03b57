"""Recordings beside calls on the real Asterisk: both tracks, pauses, REST, a killed app."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping

import aiohttp
import numpy as np
import pytest
import soundfile

from ari_app.testing import audio
from ari_app.testing.api_server import basic_auth
from ari_app.testing.developer import DEADLINE, Developer, developer_on
from ari_app.testing.phone import Phone, call, telephone
from ari_app.testing.stack import RealStack, real_stack

# A stall of the machine makes Asterisk drop what its two tracks cannot keep in step: what is to
# be found whole is short and said again and again.
TIMES = 5
SAID = audio.random_codes(0.4, seed=91)
HEARD = audio.random_codes(0.4, seed=92)
LONG = audio.random_codes(3.0, seed=96)
LATER = audio.random_codes(1.0, seed=93)
PAUSED = audio.random_codes(1.0, seed=94)
QUIET = b"\xff" * 8000
EVENTS = "in-progress completed absent"


def samples(codes: bytes) -> bytes:
    """What a recording of ``codes`` holds."""
    return audio.decode(codes, "ulaw").tobytes()


def found(codes: bytes, track: bytes, piece: int = 1600) -> float:
    """How much of ``codes`` is in a track, 0 to 1, looked for piece by piece."""
    pieces = [codes[at : at + piece] for at in range(0, len(codes), piece)]
    return sum(samples(one) in track for one in pieces) / len(pieces)


async def download(dev: Developer, url: str) -> audio.Samples:
    """Get a recording as customers do."""
    login = basic_auth(dev.stack.sid, dev.stack.token)
    async with (
        aiohttp.ClientSession(headers=login, raise_for_status=True) as session,
        session.get(url) as answer,
    ):
        body = await answer.read()
    found, rate = soundfile.read(io.BytesIO(body), dtype="int16", always_2d=True)
    assert rate == 8000
    return np.asarray(found)


async def statuses(dev: Developer, count: int) -> list[str]:
    await dev.app.wait_for("/recording", count)
    return [one.params["RecordingStatus"] for one in dev.app.received("/recording")]


async def waiting(dev: Developer, phone: Phone) -> str:
    """Keep a caller on the line who has been heard; the call's SID."""
    await phone.probe.play(QUIET[:1600])
    sid = await dev.call_sid()
    await dev.call_in(sid, "in-progress")
    return sid


async def test_each_track_is_a_channel_sample_for_sample(dev: Developer) -> None:
    """What the caller said on the first, what the caller heard on the second, side by side."""
    told, heard = dev.app.callback("/recording"), dev.files.audio("/h.wav", wav(HEARD))
    number = await dev.serving(
        f'<Start><Recording trim="do-not-trim" recordingStatusCallback="{told}" '
        f'recordingStatusCallbackEvent="{EVENTS}"/></Start>'
        f'<Play loop="{TIMES}">{heard}</Play><Pause length="9"/>'
    )
    async with call(dev.stack.sip, number) as phone:
        await dev.app.wait_for("/recording")
        await phone.probe.play(SAID * TIMES + QUIET)
        await phone.probe.wait_for(HEARD * TIMES)
        await phone.sipp.hang_up()
    assert await statuses(dev, 2) == ["in-progress", "completed"]
    done = dev.app.received("/recording")[-1].params
    assert (done["RecordingSource"], done["RecordingChannels"], done["RecordingTrack"]) == (
        "StartCallRecordingTwiML",
        "2",
        "both",
    )
    got = await download(dev, done["RecordingUrl"])
    assert got.shape[1] == 2
    assert samples(SAID) in got[:, 0].tobytes()
    assert samples(HEARD) in got[:, 1].tobytes()
    assert int(done["RecordingDuration"]) == -(-len(got) // 8000)
    mixed = await download(dev, done["RecordingUrl"] + ".wav?RequestedChannels=1")
    both = np.clip(got.astype(np.int32).sum(axis=1), -32768, 32767)
    assert np.array_equal(mixed[:, 0], both)
    mp3 = await download(dev, done["RecordingUrl"] + ".mp3")
    assert abs(len(mp3) - len(got)) < 4000
    sid = await dev.call_sid()
    assert await dev.problems(sid) == []
    (record,) = await dev.rest(dev.client.calls(sid).recordings.list)
    assert (record.sid, record.status, record.track) == (
        done["RecordingSid"],
        "completed",
        "both",
    )
    assert await dev.rest(dev.client.recordings(record.sid).delete)
    assert await dev.rest(dev.client.calls(sid).recordings.list) == []


async def test_rest_starts_pauses_and_stops_while_the_call_goes_on(dev: Developer) -> None:
    """What is said in a pause is neither in the recording nor on the disk."""
    number = await dev.serving('<Play digits="1"/><Pause length="60"/>')
    async with call(dev.stack.sip, number) as phone:
        sid = await waiting(dev, phone)
        recordings = dev.client.calls(sid).recordings
        made = await dev.rest(
            recordings.create,
            recording_track="inbound",
            recording_status_callback=dev.app.callback("/recording"),
            recording_status_callback_event=EVENTS.split(),
        )
        assert (made.status, made.source) == ("in-progress", "StartCallRecordingAPI")
        assert await dev.refusal(recordings.create) == (400, 16108)
        await phone.probe.play(SAID * TIMES)
        current = recordings("Twilio.CURRENT")
        assert (await dev.rest(current.update, status="paused", pause_behavior="skip")).status == (
            "paused"
        )
        await phone.probe.play(PAUSED)
        assert (await dev.rest(current.update, status="in-progress")).status == "in-progress"
        await phone.probe.play(LATER)
        raw = dev.stack.settings.raw_recordings_dir
        kept = np.concatenate([np.fromfile(f, dtype="<i2") for f in raw.glob(f"{made.sid}*")])
        assert found(PAUSED[2400:], kept[0::2].tobytes()) == 0
        assert (await dev.rest(recordings(made.sid).update, status="stopped")).status == "stopped"
        assert (await dev.call(sid)).status == "in-progress"
        assert await statuses(dev, 2) == ["in-progress", "completed"]
        got = await download(dev, dev.app.received("/recording")[-1].params["RecordingUrl"])
        heard = got[:, 0].tobytes()
        assert samples(SAID) in heard
        assert found(LATER, heard) > 0.3
        # The last frames before a cut are on their way still when it is asked for.
        assert found(PAUSED[2400:], heard) == 0
        assert await dev.refusal(recordings(made.sid).update, status="paused") == (400, 21220)
        await phone.sipp.hang_up()
    await dev.over(sid)
    assert await dev.refusal(recordings.create) == (400, 21220)


async def test_a_dial_is_recorded_with_the_caller_first_and_the_callee_second(
    dev: Developer,
) -> None:
    told, after = dev.app.callback("/recording"), dev.app.twiml("/after", "<Hangup/>")
    async with telephone() as callee:
        number = await dev.serving(
            f'<Dial action="{after}" record="record-from-answer-dual" '
            f'recordingStatusCallback="{told}">'
            f"<Sip>sip:bob@127.0.0.1:{callee.sipp.port}</Sip></Dial>"
        )
        async with call(dev.stack.sip, number) as caller:
            await callee.answered()
            mark = audio.random_codes(0.1, seed=95)
            async with asyncio.timeout(DEADLINE):
                while not callee.probe.heard(mark):
                    await caller.probe.play(mark)
            await asyncio.gather(
                caller.probe.play(SAID * TIMES + QUIET), callee.probe.play(HEARD * TIMES + QUIET)
            )
            await callee.sipp.hang_up()
            await caller.hung_up()
    done = (await dev.app.wait_for("/recording")).params
    assert (done["RecordingStatus"], done["RecordingSource"]) == ("completed", "DialVerb")
    got = await download(dev, done["RecordingUrl"])
    assert samples(SAID) in got[:, 0].tobytes()
    assert samples(HEARD) in got[:, 1].tobytes()
    action = (await dev.app.wait_for("/after")).params
    assert action["RecordingUrl"] == done["RecordingUrl"]
    assert action["DialCallStatus"] == "completed"


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A node whose app may be killed."""
    with real_stack(tmp_path_factory.mktemp("fragile")) as running:
        yield running


@pytest.fixture
async def fragile_dev(fragile: RealStack) -> AsyncIterator[Developer]:
    async with developer_on(fragile) as playing:
        yield playing


async def kill_app(dev: Developer) -> None:
    """SIGKILL the app and wait until the node is healthy with a new one."""
    old = dev.stack.pid("app")
    os.kill(old, signal.SIGKILL)
    async with asyncio.timeout(60):
        while dev.stack.pid("app") in (0, old):  # noqa: ASYNC110 - supervisord has no events
            await asyncio.sleep(0.05)
    await asyncio.to_thread(dev.stack.wait_healthy)


async def test_recordings_outlive_the_app(fragile_dev: Developer) -> None:
    """One beside the call and one of `<Record>`, which has no gap at all."""
    dev = fragile_dev
    told, done = dev.app.callback("/recording"), dev.app.twiml("/done", "<Hangup/>")
    attributes = f'recordingStatusCallback="{told}" recordingStatusCallbackEvent="{EVENTS}"'
    number = await dev.serving(
        f'<Start><Recording channels="mono" track="inbound" {attributes}/></Start>'
        f'<Record action="{done}" timeout="60" finishOnKey="#" playBeep="false" {attributes}/>'
    )
    async with call(dev.stack.sip, number) as phone, asyncio.timeout(3 * DEADLINE):
        await dev.app.wait_for("/recording", 2)
        speaking = asyncio.create_task(phone.probe.play(LONG))
        await kill_app(dev)
        await speaking
        assert await dev.logged("recording.adopted")
        await phone.probe.press("#")
        await phone.hung_up()
    ended: dict[str, Mapping[str, str]] = {}
    async with asyncio.timeout(DEADLINE):
        while len(ended) < 2:  # a killed app may have told the beginning twice
            seen = dev.app.received("/recording")
            ended = {
                one.params["RecordingSource"]: one.params
                for one in seen
                if one.params["RecordingStatus"] == "completed"
            }
            await asyncio.sleep(0.05)
    assert ended.keys() == {"RecordVerb", "StartCallRecordingTwiML"}
    got = await download(dev, ended["RecordVerb"]["RecordingUrl"])
    assert samples(LONG) in got[:, 0].tobytes()
    got = await download(dev, ended["StartCallRecordingTwiML"]["RecordingUrl"])
    assert found(LONG, got[:, 0].tobytes()) > 0.7
    (action,) = dev.app.received("/done")
    assert action.params["Digits"] == "#"
    assert len(dev.app.received("/voice")) == 1


def wav(codes: bytes) -> bytes:
    return audio.wav(codes, "ulaw")
