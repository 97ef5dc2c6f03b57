"""The demo's caller against telephones that echo, refuse, or say something else."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rich.console import Console

from ari_app.demo.call import demo, run_demo
from ari_app.demo.report import DemoReport, show
from ari_app.testing.rtp import EVENT_PAYLOAD_TYPE
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import Sipp, free_port

needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed")


@asynccontextmanager
async def echo_telephone(*, drop: int | None = None) -> AsyncIterator[int]:
    """A telephone that sends every packet back and hangs up on a key; ``drop`` loses one."""
    async with (
        await RtpProbe.open() as mouth,
        await Sipp.start("uas_answer", probe=(mouth.host, mouth.port), timeout=30) as phone,
    ):

        async def live() -> None:
            mouth.connect(*await phone.remote_media())
            echoed = 0
            while True:
                await mouth.wait_for_packets(echoed + 1, timeout=30)
                packet = mouth.received[echoed]
                if packet.payload_type == EVENT_PAYLOAD_TYPE:
                    return await phone.hang_up()
                if echoed != drop:
                    mouth.send(packet.payload)
                echoed += 1

        living = asyncio.create_task(live())
        yield phone.port
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)


def printed(report: DemoReport) -> str:
    out = io.StringIO()
    show(report, Console(file=out, width=100))
    return out.getvalue()


@needs_sipp
async def test_an_exact_echo_passes_and_is_measured() -> None:
    async with echo_telephone() as port:
        report = await run_demo("127.0.0.1", port, seconds=0.5)
    assert report.exact
    assert report.problem == ""
    assert report.answered_ms is not None
    assert report.first_echo_ms is not None
    assert len(report.round_trips_ms) == 25
    assert report.ended == "BYE from the switch"
    assert "The caller heard every byte" in printed(report)


@needs_sipp
async def test_one_lost_packet_fails_the_checksum() -> None:
    async with echo_telephone(drop=20) as port:
        report = await run_demo("127.0.0.1", port, seconds=1, patience=2)
    assert not report.exact
    assert "The demo failed: heard" in printed(report)


@needs_sipp
async def test_a_refused_call_says_with_what() -> None:
    async with await Sipp.start("uas_busy") as phone:
        report = await run_demo("127.0.0.1", phone.port)
    assert report.problem == "the call was refused with 486"


@needs_sipp
async def test_nobody_there_is_said_and_bounded() -> None:
    report = await run_demo("127.0.0.1", free_port(), patience=0.2)
    assert "did not answer" in report.problem


def test_without_sipp_the_demo_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert demo("127.0.0.1", 9) == 1
    assert "apt-get install sip-tester" in capsys.readouterr().out
