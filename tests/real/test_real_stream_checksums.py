"""The integration test of the switch this one replaces, without the gateway's hop.

SIPp plays audio, a bot keeps it, key 1 makes the bot send it back in one message and a mark, the
mark makes it close, `<Play>` follows, BYE. tshark is the witness of what the caller heard, and
checksums decide. Steps 3, 7, 26 and 27 of the 28 need a gateway and are one SIP message here.
"""

from __future__ import annotations

import asyncio
import base64
import random
import re
import time
from pathlib import Path

import pytest

from ari_app.testing import audio
from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.capture import Capture, md5
from ari_app.testing.customer import customer
from ari_app.testing.http_server import Received
from ari_app.testing.rtp import Law
from ari_app.testing.sipp import SCENARIOS, Sipp, free_port
from ari_app.testing.stack import RealStack
from stream.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW

TONE = (SCENARIOS / "audio" / "tone.al").read_bytes()


class Mirror:
    """A bot that keeps what it hears until key 1, then plays it back and closes."""

    def __init__(self) -> None:
        self.stored = b""
        self.times: dict[str, float] = {}

    async def __call__(self, bot: BotConnection) -> None:
        await bot.wait_count("start", 1)
        self.note("start")
        await bot.wait_count("dtmf", 1)
        self.note("dtmf")
        key = bot.messages.index(bot.of("dtmf")[0])
        media = [m for m in bot.messages[:key] if m["event"] == "media"]
        self.stored = b"".join(base64.b64decode(m["media"]["payload"]) for m in media)
        await bot.play(self.stored)
        await bot.mark("all played")
        await bot.wait_count("mark", 1)
        self.note("mark")
        await bot.close(1000)

    def note(self, step: str) -> None:
        self.times[step] = time.time()


def source_of(law: Law) -> bytes:
    """PCMU: every code, in an order found nowhere else; PCMA: a tone."""
    if law == "alaw":
        return TONE
    codes = list(bytes(range(256)) * 32)
    random.Random(4).shuffle(codes)
    return bytes(codes[:8000])


def cut(heard: bytes, needle: bytes, start: int = 0) -> bytes:
    """What was heard where ``needle`` begins; empty when its first frame never came."""
    at = heard.find(needle[:160], start)
    return heard[at : at + len(needle)] if at >= 0 else b""


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
async def test_fact_07_fact_08_fact_10_b_34_checksums_of_a_whole_call(
    stack: RealStack, tmp_path: Path, law: Law
) -> None:
    source = source_of(law)
    silence = b"\xff" if law == "ulaw" else b"\xd5"
    played = audio.random_codes(1, seed=5) if law == "ulaw" else TONE
    # What is said before the bot has its `start` is no part of the stream: a lead-in goes first.
    spoken = tmp_path / "spoken.raw"
    spoken.write_bytes(silence * 4800 + source + silence * 800)
    mirror, media_port = Mirror(), free_port()
    wall_minus_loop = time.time() - asyncio.get_running_loop().time()
    async with (
        customer(stack) as shop,
        FakeBot(mirror) as server,
        await Capture.start([media_port]) as capture,
    ):
        tone = shop.files.audio("/scenarios/files/tone.wav", audio.wav(played, law))
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect><Play>{tone}</Play>')
        async with await Sipp.start(
            "connect_stream",
            stack.sip,
            number=shop.number,
            law=law,
            keys={"audio": str(spoken)},
            duration_ms=len(spoken.read_bytes()) // 8,
            media_port=media_port,
        ) as sipp:
            result = (await sipp.result()).check()  # 28: the scenario ended as written
        call_sid = await shop.call_sid()
        await shop.ended(call_sid)
        heard = await capture.sent_to(media_port)
        bot = await server.connection()

    # Checksums: (a) at the bot, (b) its echo at the caller, (c) the file at the caller.
    upward = source if law == "ulaw" else source.translate(ALAW_TO_ULAW)
    assert md5(cut(mirror.stored, upward)) == md5(upward)
    echo = mirror.stored if law == "ulaw" else mirror.stored.translate(ULAW_TO_ALAW)
    # Silence cannot be found by content, so the echo is looked for from its first other byte on.
    quiet = len(echo) - len(echo.lstrip(silence))
    assert md5(cut(heard.audio, echo[quiet:])) == md5(echo[quiet:])
    after_echo = heard.audio.find(echo[quiet:]) + len(echo) - quiet
    assert md5(cut(heard.audio, played, after_echo)) == md5(played)
    assert {p.payload_type for p in heard.packets} == {0 if law == "ulaw" else 8}
    assert {len(p.payload) for p in heard.packets} == {160}
    assert not heard.report.lost

    # Who was asked what, in which order.
    def asked(path: str) -> Received:
        (request,) = shop.web.received(path) or shop.files.received(path)
        return request

    sip = {m.start_line.partition(" sip:")[0]: m.time for m in result.messages}
    first_sound = next(p.arrived for p in heard.packets if not p.is_silent)
    # Each is the cause of the next, so late stamps cannot turn two of them round. SIPp stamps
    # what it sent after sending it, so the INVITE's own time tells nothing here.
    steps = {
        "4 TwiML": asked("/voice").at + wall_minus_loop,
        "9 start": mirror.times["start"],
        "13 dtmf": mirror.times["dtmf"],
        "15 echo": first_sound,
        "16 mark": mirror.times["mark"],
        "22 file": asked("/scenarios/files/tone.wav").at + wall_minus_loop,
        "26 BYE": sip["BYE"],
    }
    assert sorted(steps, key=steps.__getitem__) == list(steps)
    said = [line for line in stack.log("app").splitlines() if call_sid in line]
    assert [name for line in said if (name := _step(line))] == [
        "document.fetched",  # 4
        "verb.start Connect",  # 5
        "stream.started",  # 8, 9
        "stream.ended",  # 18
        "verb.end Connect",
        "verb.start Play",  # 19, 20
        "verb.end Play",  # 24
        "call.ended",  # 25
    ]
    assert [(r.path, r.signed) for r in shop.web.requests] == [("/voice", True), ("/status", True)]
    assert [m.start_line.split(" sip:")[0] for m in result.messages] == [
        "INVITE",
        *[m.start_line for m in result.messages if m.status and m.status < 200],
        "SIP/2.0 200 OK",
        "ACK",
        "BYE",
        "SIP/2.0 200 OK",
    ]

    # The bot's side: one key, one mark, and nothing after its close (fact 10).
    kinds = [m["event"] for m in bot.messages]
    assert kinds[:3] == ["connected", "start", "media"]
    assert [k for k in kinds if k not in ("connected", "start", "media")] == ["dtmf", "mark"]
    (key,) = bot.of("dtmf")
    assert key["dtmf"] == {"track": "inbound_track", "digit": "1"}
    assert bot.of("mark")[0]["mark"] == {"name": "all played"}
    assert bot.close_code == 1000
    assert [int(m["sequenceNumber"]) for m in bot.messages[1:]] == list(range(1, len(kinds)))


def _step(line: str) -> str:
    """What a line of the app's log tells, without when and how; empty for other matters."""
    found = re.search(r"\] ((?:document|verb|stream|call)\.\w+)", line)
    if found is None or found[1] in ("call.inbound", "call.progress"):
        return ""
    verb = re.search(r"verb=(\w+)", line)
    return f"{found[1]} {verb[1]}" if verb else found[1]
