"""Places a real SIP call to the echo bot and measures what comes back.

SIPp signals, a socket of our own speaks and listens. The caller says distinct noise until it
hears itself, then a known pattern; after the last byte is back it presses ``#``, which makes
the bot close its stream and the switch hang up.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import time
from collections.abc import Coroutine
from dataclasses import replace
from itertools import accumulate
from typing import Any, TypeVar

import aiohttp
from rich.console import Console

from ari_app.demo.numbers import DEMO_NUMBERS
from ari_app.demo.report import DemoReport, show
from ari_app.testing import audio, rtp
from ari_app.testing.rtp_probe import ProbeError, RtpProbe
from ari_app.testing.sipp import Sipp, SippError, SippMissingError

MIRROR_NUMBER = next(number for number, name in DEMO_NUMBERS.items() if name == "mirror")

T = TypeVar("T")


async def run_demo(
    sip_host: str,
    sip_port: int,
    number: str = MIRROR_NUMBER,
    *,
    seconds: float = 5.0,
    patience: float = 20.0,
    stats_url: str | None = None,
) -> DemoReport:
    """Call ``number``, say ``seconds`` of random µ-law, and report how it came back.

    ``patience`` bounds the wait for the first echo, greetings included; ``stats_url`` is the
    bot's ``/demo/echo/last``, asked for its message counts after the call. A call that fails
    is a report with ``problem`` set. Raises SippMissingError.
    """
    local = _address_towards(sip_host)
    async with await RtpProbe.open("ulaw", local) as probe:
        call = await Sipp.start(
            "uac_call",
            (sip_host, sip_port),
            number=number,
            host=local,
            probe=(local, probe.port),
            timeout=patience + seconds + 20,
        )
        async with call:
            caller = _Caller(call, probe, number)
            try:
                await caller.talk(seconds, patience)
            except TimeoutError:
                caller.problem(f"no echo in {patience:g} s")
            except SippError:
                caller.problem("the switch hung up before the echo was complete")
            except ProbeError as error:
                caller.problem(str(error))
            report = await caller.hang_up()
    if stats_url is None or report.first_echo_ms is None:
        return report
    return replace(report, bot=await _bot_counts(stats_url))


def demo(sip_host: str, sip_port: int, number: str = MIRROR_NUMBER, **options: Any) -> int:
    """Run the demo, print it, and return the exit code: 0 only when the echo was exact."""
    console = Console()
    console.print(f"Calling sip:{number}@{sip_host}:{sip_port} …", highlight=False)
    try:
        report = asyncio.run(run_demo(sip_host, sip_port, number, **options))
    except SippMissingError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        return 1
    show(report, console)
    return 0 if report.exact and not report.problem else 1


class _Caller:
    """One call in the making; fills its report as it goes."""

    def __init__(self, call: Sipp, probe: RtpProbe, number: str) -> None:
        self._call = call
        self._probe = probe
        self._report = DemoReport(number=number)
        self._before_echo: int | None = None
        # SIPp stamps with the wall clock, the probe with the loop's.
        self._wall_minus_loop = time.time() - asyncio.get_running_loop().time()

    def problem(self, text: str) -> None:
        """Remember why the call did not go as it should."""
        self._report = replace(self._report, problem=text)

    async def talk(self, seconds: float, patience: float) -> None:
        """Wait for the answer, find the echo, say the pattern and hear it."""
        async with asyncio.timeout(patience):
            self._probe.connect(*await self._call.remote_media())
            answer = await self._call.answered()
            self._report = replace(self._report, answered_ms=self._since_invite(answer.time))
            await self._meanwhile(self._find_echo(patience))
        await self._meanwhile(self._say_pattern(seconds, patience=min(patience, 8)))

    async def hang_up(self) -> DemoReport:
        """Ask the bot to end the call, wait for the BYE, and return the finished report.

        A call that went wrong is ended by the caller.
        """
        if not self._report.problem:
            await self._probe.press("#")
        elif any(m.status == 200 for m in self._call.messages):
            with contextlib.suppress(SippError):
                await self._call.hang_up()
        else:
            await self._call.stop()
        result = await self._call.result()
        problem, ended = self._report.problem, "hung up by the caller"
        if result.final_status is None:
            problem, ended = "the switch did not answer: is it running? (ariswitch status)", "-"
        elif result.final_status != 200:
            problem, ended = f"the call was refused with {result.final_status}", "-"
        elif any(m.start_line.startswith("BYE") for m in result.messages):
            ended = "BYE from the switch"
        elif not result.ok:
            problem = problem or "the switch did not hang up"
        first = self._probe.received[0].arrived if self._probe.received else None
        return replace(
            self._report,
            problem=problem,
            ended=ended,
            before_echo=_describe(self._probe.received[: self._before_echo]),
            sip_messages=len(result.messages),
            packets_sent=len(self._probe.sent_at),
            rtp=self._probe.report() if self._probe.received else None,
            first_packet_ms=first and self._since_invite(first + self._wall_minus_loop),
        )

    async def _find_echo(self, patience: float) -> None:
        """Say noise, each frame unlike all others, until one of them comes back."""
        noise = audio.random_codes(patience, seed=time.monotonic_ns())
        frames = [noise[i : i + rtp.FRAME_BYTES] for i in range(0, len(noise), rtp.FRAME_BYTES)]

        def echoed() -> bool:
            latest = b"".join(packet.payload for packet in self._probe.received[-3:])
            return any(frame in latest for frame in frames[: len(self._probe.sent_at)])

        speaking = asyncio.create_task(self._probe.play(noise))
        try:
            await self._probe.until(echoed)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        heard = self._probe.received
        self._report = replace(
            self._report,
            first_echo_ms=self._since_invite(heard[-1].arrived + self._wall_minus_loop),
        )
        self._before_echo = len(heard) - 1

    async def _say_pattern(self, seconds: float, patience: float) -> None:
        pattern = audio.random_codes(seconds, seed=1)
        self._report = replace(self._report, bytes_sent=len(pattern), sent_sha256=_sha256(pattern))
        first = len(self._probe.sent_at)
        await self._probe.play(pattern)
        sent_at = self._probe.sent_at[first:]
        # A telephone is never quiet on the wire: a bot that holds audio back needs the frames.
        silence = asyncio.create_task(self._probe.play(b"\xff" * 16 * rtp.SAMPLE_RATE))
        try:
            offset = await self._probe.wait_for(pattern, timeout=patience)
        finally:
            silence.cancel()
            await asyncio.gather(silence, return_exceptions=True)
            start = self._probe.audio().find(pattern[: rtp.FRAME_BYTES])
            heard = self._probe.audio()[start : start + len(pattern)] if start >= 0 else b""
            self._report = replace(self._report, heard_sha256=_sha256(heard))
        self._report = replace(self._report, round_trips_ms=self._round_trips(offset, sent_at))

    def _round_trips(self, offset: int, sent_at: list[float]) -> tuple[float, ...]:
        """Milliseconds from sending a frame to hearing its last byte, frame by frame."""
        packets = [packet for packet in self._probe.received if packet.is_audio]
        ends = list(accumulate(len(packet.payload) for packet in packets))
        trips, index = [], 0
        for number, sent in enumerate(sent_at, start=1):
            while ends[index] < offset + number * rtp.FRAME_BYTES:
                index += 1
            trips.append((packets[index].arrived - sent) * 1000)
        return tuple(trips)

    def _since_invite(self, wall: float) -> float:
        return (wall - self._call.messages[0].time) * 1000

    async def _meanwhile(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work unless the call ends first, which is a SippError."""
        ended = asyncio.create_task(self._call.result())
        working = asyncio.create_task(work)
        try:
            await asyncio.wait({ended, working}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return await working
            raise SippError("the switch hung up before the echo was complete")
        finally:
            for task in (ended, working):
                task.cancel()
            await asyncio.gather(ended, working, return_exceptions=True)


def _describe(packets: list[rtp.RtpPacket]) -> str:
    """Say in words what came before the echo."""
    if not packets:
        return "nothing"
    spoken = sum(not packet.is_silent for packet in packets) * rtp.FRAME_SECONDS
    quiet = sum(packet.is_silent for packet in packets) * rtp.FRAME_SECONDS
    return f"{spoken:.2f} s of sound, {quiet:.2f} s of silence"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _address_towards(host: str) -> str:
    """Return our address as ``host`` sees it (a UDP connect sends nothing)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((host, 9))
        address: str = sock.getsockname()[0]
        return address


async def _bot_counts(url: str) -> dict[str, dict[str, int]]:
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError):
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            counts = await answer.json()
            return {side: counts[side] for side in ("received", "sent") if side in counts}
    return {}
