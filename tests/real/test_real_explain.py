"""Failing calls on the real Asterisk: explained from the tap, packets cut out of a capture."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from typer.testing import CliRunner

from ari_app.debug.capture import read
from ari_app.debug.capture.read import Datagram
from ari_app.debug.capture.sip import parse
from ari_app.debug.cli import app
from ari_app.testing.bot import FakeBot
from ari_app.testing.capture import Capture
from ari_app.testing.developer import Developer
from ari_app.testing.http_server import Answer
from ari_app.testing.phone import call
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import Sipp


async def debug(*arguments: str) -> str:
    """Run ari-debug; what it prints."""
    done = await asyncio.to_thread(CliRunner().invoke, app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def call_ids(datagrams: list[Datagram]) -> set[str]:
    """Whose SIP a capture has."""
    return {message.call_id for one in datagrams if (message := parse(one)) is not None}


async def test_a_bot_and_a_webhook_that_fail_are_explained(dev: Developer) -> None:
    socket = str(dev.stack.settings.tap_socket)
    async with FakeBot(status=403) as bot:
        number = await dev.serving(f'<Connect><Stream url="{bot.url}"/></Connect>')
        async with call(dev.stack.sip, number) as phone:
            sid = await dev.call_sid()
            await phone.hung_up()
    await dev.over(sid)
    text = await debug("explain", sid, "--tap", socket)
    assert text.startswith(f"Inbound call +15557000 → {number}, {sid}: completed")
    assert "answered 403: no WebSocket" in text
    assert "(error 31920)" in text
    assert "Missing: no verb follows <Connect>" in text
    assert text.count("Fix: ") == 2

    dev.app.answer("/broken", Answer(status=500))
    broken = await dev.number(dev.app.url("/broken") + "#rc=0")
    async with call(dev.stack.sip, broken) as phone:
        sid = await dev.call_sid("/broken")
        await phone.hung_up()
    await dev.over(sid)
    told = msgspec.json.decode(await debug("explain", broken, "--json", "--tap", socket))
    assert told["call"] == sid
    assert [one["rule"] for one in told["findings"]] == ["webhook-status", "no-fallback"]


async def test_the_packets_of_one_call_are_cut_out_of_a_capture(
    dev: Developer, tmp_path: Path
) -> None:
    """Two calls at once; the capture of one has its SIP and RTP, and nothing of the other."""
    number = await dev.serving("<Echo/>")
    keys = {"from_user": "+15557000"}
    async with (
        await RtpProbe.open("ulaw") as mine,
        await RtpProbe.open("ulaw") as other,
        await Capture.start([dev.stack.sip[1], mine.port, other.port]) as capture,
        call(dev.stack.sip, number) as beside,
        await Sipp.start(
            "uac_call", dev.stack.sip, number=number, probe=(mine.host, mine.port), keys=keys
        ) as sipp,
    ):
        mine.connect(*await sipp.remote_media())
        await mine.play(bytes(range(160)) * 10)
        await mine.wait_for_packets(5)
        await beside.sipp.hang_up()
        await sipp.hang_up()
        await dev.app.wait_for("/voice", 2)
        for request in dev.app.received("/voice"):
            await dev.over(request.params["CallSid"])
        await capture.stop()
        port = (await sipp.remote_media())[1]
        target, source = tmp_path / "call.pcap", str(capture.file)
        socket = str(dev.stack.settings.tap_socket)
        await debug("ladder", str(port), "--tap", socket, "--pcap", source, "-O", str(target))
        everything, kept = read(capture.file), read(target)
    assert len(call_ids(kept)) == 1
    assert len(call_ids(everything)) == 2
    audio = [one for one in kept if parse(one) is None]
    assert len(audio) >= 15
    assert {port} <= {one.source[1] for one in audio} | {one.target[1] for one in audio}
    assert all(mine.port in (one.source[1], one.target[1]) for one in audio)
