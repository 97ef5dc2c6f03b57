"""Every SIPp scenario against its counterpart, the audio between two probes (B-34).

SIPp calls SIPp here, so nothing of ours is on the way but what is being tested: the scenarios,
the runner, the probe and the capture.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from ari_app.testing import audio
from ari_app.testing.capture import Capture, md5
from ari_app.testing.rtp import EVENT_PAYLOAD_TYPE, Law
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import Sipp, SippError, SippMissingError, free_port, run

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed")
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark")
needs_raw_sockets = pytest.mark.skipif(os.geteuid() != 0, reason="SIPp plays digits as root only")

HOST = "127.0.0.1"
LAWS: list[Law] = ["ulaw", "alaw"]


async def called(scenario: str, **options: object) -> Sipp:
    """A called side that waits for one call."""
    return await Sipp.start(scenario, timeout=20, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("law", LAWS)
async def test_a_call_carries_the_probes_audio_both_ways(law: Law) -> None:
    source = audio.random_codes(0.5, seed=1, law=law)
    async with (
        await RtpProbe.open(law) as caller,
        await RtpProbe.open(law) as callee,
        await called("uas_answer", probe=(callee.host, callee.port), law=law) as phone,
        await Sipp.start(
            "uac_call_bye",
            (HOST, phone.port),
            number="+15550100",
            law=law,
            probe=(caller.host, caller.port),
            duration_ms=1000,
        ) as call,
    ):
        caller.connect(*await call.remote_media())
        callee.connect(*await phone.remote_media())
        await call.established()
        await asyncio.gather(caller.play(source), callee.play(source[::-1]))
        await callee.wait_for(source)
        await caller.wait_for(source[::-1])
        result = (await call.result()).check()
        (await phone.result()).check()
    assert result.final_status == 200
    assert callee.report().clean
    invite = result.messages[0]
    assert invite.start_line.startswith("INVITE sip:+15550100@")
    assert [m.start_line for m in result.messages if m.direction == "sent"][-1].startswith("BYE")


async def test_the_called_side_hangs_up() -> None:
    async with await called("uas_answer_bye", duration_ms=50) as phone:
        result = (await run("uac_call", (HOST, phone.port))).check()
    assert result.messages[-2].start_line.startswith("BYE")


@pytest.mark.parametrize("caller_hangs_up", [True, False])
async def test_either_side_hangs_up_when_the_test_says_so(caller_hangs_up: bool) -> None:
    async with (
        await called("uas_answer") as phone,
        await Sipp.start("uac_call", (HOST, phone.port), number="+15550100") as call,
    ):
        await phone.established()
        one, other = (call, phone) if caller_hangs_up else (phone, call)
        await one.hang_up()
        assert (await one.result()).ok
        result = (await other.result()).check()
    assert any(message.start_line.startswith("BYE") for message in result.messages)


@pytest.mark.parametrize(("scenario", "first"), [("uas_ring_then_answer", 180), ("uas_183", 183)])
async def test_ringing_then_answer(scenario: str, first: int) -> None:
    async with await called(scenario, duration_ms=50) as phone:
        (await run("uac_call_bye", (HOST, phone.port))).check()
        statuses = [message.status for message in phone.messages if message.method == "INVITE"]
    assert statuses == [None, first, 200]


@pytest.mark.parametrize(
    ("scenario", "code"), [("uas_busy", 486), ("uas_reject", 480), ("uas_ring_then_reject", 480)]
)
async def test_a_refusal_with_the_expected_code_passes(scenario: str, code: int) -> None:
    async with await called(scenario, keys={"code": 480, "reason": "Gone"}) as phone:
        result = await run("uac_expect_code", (HOST, phone.port), keys={"code": code})
        (await phone.result()).check()
    assert result.check().final_status == code


async def test_a_refusal_with_another_code_fails_and_says_which_came() -> None:
    async with await called("uas_busy") as phone:
        result = await run("uac_expect_code", (HOST, phone.port), keys={"code": 404})
    assert not result.ok
    assert result.final_status == 486
    with pytest.raises(SippError, match="486 Busy Here"):
        result.check()


@pytest.mark.parametrize("scenario", ["uas_noanswer", "uas_silent"])
async def test_a_call_given_up_is_cancelled(scenario: str) -> None:
    async with await called(scenario, duration_ms=20) as phone:
        result = await run("uac_cancel", (HOST, phone.port), keys={"after_ms": 50})
        assert result.check().final_status == 487
        (await phone.result()).check()


@needs_tshark
@needs_raw_sockets
@pytest.mark.parametrize("law", LAWS)
async def test_the_connect_stream_caller_plays_its_file_exactly_then_presses_1(
    law: Law, tmp_path: Path
) -> None:
    source = audio.random_codes(0.5, seed=3, law=law)
    (tmp_path / "audio.raw").write_bytes(source)
    media_port = free_port()
    async with (
        await RtpProbe.open(law) as callee,
        await called(
            "uas_answer_bye", law=law, probe=(callee.host, callee.port), duration_ms=1500
        ) as phone,
        await Capture.start([media_port]) as capture,
    ):
        result = await run(
            "connect_stream",
            (HOST, phone.port),
            law=law,
            keys={"audio": str(tmp_path / "audio.raw")},
            duration_ms=500,
            media_port=media_port,
        )
        sent = await capture.sent_from(media_port)
    result.check()
    assert md5(sent.audio) == md5(source)
    assert callee.audio() == source
    events = [p for p in sent.packets if p.payload_type == EVENT_PAYLOAD_TYPE]
    assert {packet.payload[0] for packet in events} == {1}
    assert events[-1].payload[1] & 0x80


@needs_tshark
async def test_a_capture_has_the_first_and_the_last_packet_of_both_directions() -> None:
    source = audio.random_codes(0.2, seed=4)
    async with await RtpProbe.open() as one, await RtpProbe.open() as two:
        one.connect(two.host, two.port)
        two.connect(one.host, one.port)
        async with await Capture.start([one.port]) as capture:
            await asyncio.gather(one.play(source), two.play(source[::-1]))
            out, back = await capture.sent_from(one.port), await capture.sent_to(one.port)
    assert (out.audio, back.audio) == (source, source[::-1])
    assert out.report.clean
    assert back.cut(source[::-1][160:]) == source[::-1][160:]


async def test_an_unanswered_run_ends_by_itself_and_fails() -> None:
    result = await run("uac_call", (HOST, free_port()), timeout=1)
    assert not result.ok
    assert "timed out" in result.errors[-1]


async def test_cancelling_leaves_no_sipp_behind() -> None:
    phone = await called("uas_answer")
    await phone.stop()
    await phone.stop()
    result = await phone.result()
    assert not result.ok


async def test_a_broken_scenario_is_told_at_once(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_text("<scenario><send>")
    with pytest.raises(SippError, match="did not start"):
        await Sipp.start(broken)


async def test_a_missing_sipp_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SippMissingError, match="apt-get install sip-tester"):
        await run("uac_call", (HOST, 9))
