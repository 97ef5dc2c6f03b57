"""The demo on the real stack: every number does what its name says."""

from __future__ import annotations

from ari_app.demo import DEMO_NUMBERS
from ari_app.demo.call import run_demo
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import Sipp
from ari_app.testing.stack import RealStack

NUMBERS = {name: number for number, name in DEMO_NUMBERS.items()}


async def test_the_mirror_returns_every_byte_at_once(stack: RealStack) -> None:
    report = await run_demo(
        *stack.sip, NUMBERS["mirror"], seconds=2, stats_url=f"{stack.api_url}/demo/echo/last"
    )
    assert report.problem == ""
    assert report.exact
    assert report.rtp is not None
    assert report.rtp.clean
    assert report.ended == "BYE from the switch"
    assert report.bot["received"]["start"] == 1
    assert report.bot["received"]["dtmf"] == 1


async def test_the_echo_greets_first_and_returns_every_byte(stack: RealStack) -> None:
    report = await run_demo(*stack.sip, NUMBERS["echo"], seconds=2)
    assert report.problem == ""
    assert report.exact
    assert "s of sound" in report.before_echo


async def test_hello_speaks_plays_its_tune_and_hangs_up(stack: RealStack) -> None:
    async with (
        await RtpProbe.open() as probe,
        await Sipp.start(
            "uac_call", stack.sip, number=NUMBERS["hello"], probe=(probe.host, probe.port)
        ) as call,
    ):
        probe.connect(*await call.remote_media())
        (await call.result()).check()
    assert probe.report().whole
    assert sum(not packet.is_silent for packet in probe.received) > 200
