"""Asterisk with this node's configuration: what it logs, answers and plays."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import struct
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.events import ChannelDtmfReceived, StasisStart
from ari_app.node.priority import useful
from ari_app.testing.stack import RealStack

ULAW, ALAW, TONES = 0, 8, 101


class Caller:
    """A SIP caller of one INVITE, written by hand so that nothing else interferes."""

    def __init__(self, stack: RealStack, number: str) -> None:
        self._target = stack.sip
        self._number = number
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for sock in (self._sip, self.rtp):
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
        self.call_id = secrets.token_hex(8)
        self._to = ""
        self.address = f"127.0.0.1:{self._sip.getsockname()[1]}"

    def close(self) -> None:
        self._sip.close()
        self.rtp.close()

    def _send(
        self, method: str, to: str, body: str = "", kind: str = "application/sdp", cseq: int = 1
    ) -> None:
        kind = f"Content-Type: {kind}\r\n" if body else ""
        uri = f"sip:{self._number}@127.0.0.1:{self._target[1]}"
        text = (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{method}{self.call_id}\r\n"
            f"From: <sip:bob@127.0.0.1>;tag=1\r\nTo: {to}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <sip:bob@{self.address}>\r\nMax-Forwards: 70\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._sip.sendto(text.encode(), self._target)

    def invite(self, *payload_types: int) -> None:
        types = " ".join(map(str, payload_types))
        port = self.rtp.getsockname()[1]
        self._send(
            "INVITE",
            f"<sip:{self._number}@127.0.0.1>",
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {types}\r\na=rtpmap:101 telephone-event/8000\r\n",
        )

    async def final(self) -> tuple[int, str]:
        """Wait for the final answer and acknowledge it; returns its code and text."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            while True:
                text = (await loop.sock_recv(self._sip, 8192)).decode()
                if text.startswith("SIP/2.0 ") and not text.startswith("SIP/2.0 1"):
                    break
        to = re.search(r"^To: (.*?)\r?$", text, re.MULTILINE)
        assert to is not None
        self._to = to[1]
        self._send("ACK", self._to)
        return int(text[8:11]), text

    def press_by_info(self, digit: str) -> None:
        """Send a key as SIP INFO."""
        body = f"Signal={digit}\r\nDuration=160\r\n"
        self._send("INFO", self._to, body, "application/dtmf-relay", cseq=2)

    async def press_by_rtp(self, digit: int, target: int) -> None:
        """Send a key as RFC 4733 events, the last three with the end bit and no marker (B-11)."""
        loop = asyncio.get_running_loop()
        for n in range(6):
            header = struct.pack("!BBHII", 0x80, TONES, 100 + n, 16000, 77)
            event = struct.pack("!BBH", digit, 0x8A if n > 2 else 0x0A, 160 * min(n + 1, 4))
            await loop.sock_sendto(self.rtp, header + event, ("127.0.0.1", target))

    async def packets(self, count: int) -> list[bytes]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            return [await loop.sock_recv(self.rtp, 2048) for _ in range(count)]


@asynccontextmanager
async def calling(stack: RealStack, number: str) -> AsyncIterator[Caller]:
    caller = Caller(stack, number)
    try:
        yield caller
    finally:
        caller.close()


@asynccontextmanager
async def listening(
    stack: RealStack,
) -> AsyncIterator[tuple[AriClient, asyncio.Queue[StasisStart]]]:
    client = AriClient(stack.ari_url, *stack.ari_login, app="ariswitch")
    started: asyncio.Queue[StasisStart] = asyncio.Queue()
    client.on_event(StasisStart, started.put_nowait)
    await client.start()
    try:
        yield client, started
    finally:
        await client.close()


def test_it_starts_without_a_warning(asterisk: RealStack) -> None:
    start = asterisk.log("asterisk").partition("Asterisk Ready.")[0]
    assert not [line for line in start.splitlines() if re.search(r" (WARNING|ERROR)\[", line)]


def test_all_its_threads_run_in_real_time_where_it_may(asterisk: RealStack) -> None:
    """A caller's frame may not wait for a core until other programs have had enough of it."""
    with subprocess.Popen(["sleep", "300"]) as one:
        try:
            os.sched_setscheduler(one.pid, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            pytest.skip("may not schedule in real time")
        finally:
            one.kill()
    if not useful():
        pytest.skip("a single core")
    threads = Path(f"/proc/{asterisk.pid('asterisk')}/task").iterdir()
    assert {os.sched_getscheduler(int(thread.name)) for thread in threads} == {os.SCHED_RR}


async def test_the_app_is_told_number_codec_source_and_call_id(asterisk: RealStack) -> None:
    async with listening(asterisk) as (client, started), calling(asterisk, "+15551234") as caller:
        caller.invite(ULAW, ALAW, TONES)
        event = await asyncio.wait_for(started.get(), 10)
        await client.channels.hangup(event.channel.id)
        told = ["inbound", "+15551234", "ulaw", caller.address, caller.call_id]
        # Not diverted, and without X- headers.
        assert event.args == [*told, "", ""]
        assert event.channel.caller.number == "bob"


@pytest.mark.parametrize("number", ["5", "%2B1555", "a.b-c_d*#1", "hello"])
async def test_what_a_number_may_hold(asterisk: RealStack, number: str) -> None:
    async with listening(asterisk) as (client, started), calling(asterisk, number) as caller:
        caller.invite(ULAW)
        event = await asyncio.wait_for(started.get(), 10)
        await client.channels.hangup(event.channel.id, reason_code="1")
        assert event.args[1] == number.replace("%2B", "+")
        assert (await caller.final())[0] == 404


@pytest.mark.parametrize(
    ("number", "answer"),
    # `h` is Asterisk's hangup extension; a comma would forge an argument of the application.
    [("h", 484), ("1,ulaw,6.6.6.6:1", 404), ("1%22x", 404), ("1'x", 404)],
)
async def test_what_no_number_holds_never_reaches_the_app(
    asterisk: RealStack, number: str, answer: int
) -> None:
    async with listening(asterisk) as (_, started), calling(asterisk, number) as caller:
        caller.invite(ULAW)
        assert (await caller.final())[0] == answer
        assert started.empty()


@pytest.mark.parametrize(
    ("cause", "answer"),
    [(1, 404), (17, 486), (19, 480), (21, 403), (28, 484), (34, 503), (38, 500), (16, 603)],
)
async def test_cause_of_a_hangup_becomes_the_answer(
    asterisk: RealStack, cause: int, answer: int
) -> None:
    """ARI `reason_code` (Q.850) of an unanswered call and the SIP code the caller sees."""
    async with listening(asterisk) as (client, started), calling(asterisk, "1") as caller:
        caller.invite(ULAW)
        event = await asyncio.wait_for(started.get(), 10)
        await client.channels.hangup(event.channel.id, reason_code=str(cause))
        assert (await caller.final())[0] == answer


@pytest.mark.parametrize(
    ("offer", "codec", "payload_type"),
    [
        ((ULAW, ALAW, TONES), "ulaw", ULAW),
        ((ALAW, ULAW, TONES), "ulaw", ULAW),
        ((ALAW, TONES), "alaw", ALAW),
        ((18, ALAW), "alaw", ALAW),
    ],
)
async def test_a_file_of_the_calls_own_codec_leaves_byte_for_byte(
    asterisk: RealStack, tmp_path: Path, offer: tuple[int, ...], codec: str, payload_type: int
) -> None:
    """B-29, design rule 5: from the first packet on, whatever the caller prefers."""
    source = {name: secrets.token_bytes(1600) for name in ("ulaw", "alaw")}
    for name, data in source.items():
        (tmp_path / f"sound.{name}").write_bytes(data)
    async with listening(asterisk) as (client, started), calling(asterisk, "1") as caller:
        caller.invite(*offer)
        event = await asyncio.wait_for(started.get(), 10)
        assert event.args[2] == codec
        await client.channels.answer(event.channel.id)
        code, text = await caller.final()
        assert code == 200
        answered = re.search(r"m=audio \d+ RTP/AVP ([\d ]+)", text)
        assert answered is not None
        assert [n for n in answered[1].split() if n != str(TONES)] == [str(payload_type)]
        await client.channels.play(event.channel.id, media=[f"sound:{tmp_path}/sound"])
        packets = await caller.packets(10)
        await client.channels.hangup(event.channel.id)
    assert {packet[1] & 0x7F for packet in packets} == {payload_type}
    assert b"".join(packet[12:] for packet in packets) == source[codec]
    numbers = [struct.unpack_from("!H", packet, 2)[0] for packet in packets]
    assert [(n - numbers[0]) % 65536 for n in numbers] == list(range(10))


@pytest.mark.parametrize(
    ("way", "offer"),
    [("rtp", (ULAW, TONES)), ("info", (ULAW,)), ("info", (ULAW, TONES))],
)
async def test_a_key_is_told_once_however_it_is_sent(
    asterisk: RealStack, way: str, offer: tuple[int, ...]
) -> None:
    """B-11: RFC 4733 without marker bit, and SIP INFO whether RFC 4733 was agreed or not."""
    keys: asyncio.Queue[ChannelDtmfReceived] = asyncio.Queue()
    async with listening(asterisk) as (client, started), calling(asterisk, "1") as caller:
        client.on_event(ChannelDtmfReceived, keys.put_nowait)
        caller.invite(*offer)
        event = await asyncio.wait_for(started.get(), 10)
        await client.channels.answer(event.channel.id)
        _, text = await caller.final()
        port = re.search(r"m=audio (\d+)", text)
        assert port is not None
        if way == "info":
            caller.press_by_info("5")
        else:
            await caller.press_by_rtp(5, int(port[1]))
        key = await asyncio.wait_for(keys.get(), 10)
        await client.channels.hangup(event.channel.id)
    assert key.digit == "5"
    assert keys.empty()


@pytest.mark.parametrize(
    ("answered", "native"), [("8", "(alaw)"), ("0", "(ulaw)"), ("8 0", "(ulaw|alaw)")]
)
async def test_the_codec_of_a_call_out_is_known_at_its_answer(
    asterisk: RealStack, answered: str, native: str
) -> None:
    """The call's codec is A-law only when the far end took nothing else."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.setblocking(False)
        uri = f"sip:+1555@127.0.0.1:{phone.getsockname()[1]}"
        async with listening(asterisk) as (client, started), asyncio.timeout(10):
            channel = await client.channels.originate(
                endpoint=f"PJSIP/outbound/{uri}",
                app="ariswitch",
                app_args="outbound,CA1",
                timeout=5,
            )
            invite, source = await loop.sock_recvfrom(phone, 8192)
            body = (
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                f"m=audio 9 RTP/AVP {answered}\r\n"
            )
            kept = "".join(
                f"{line}{';tag=2' if line.startswith('To:') else ''}\r\n"
                for line in invite.decode().split("\r\n")
                if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))
            )
            answer = (
                f"SIP/2.0 200 OK\r\n{kept}Contact: <{uri}>\r\n"
                f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            )
            await loop.sock_sendto(phone, answer.encode(), source)
            event = await started.get()
            assert event.args == ["outbound", "CA1"]
            variable = await client.channels.get_channel_var(
                channel.id, variable="CHANNEL(audionativeformat)"
            )
            await client.channels.hangup(channel.id)
    assert variable.value == native


async def test_an_offer_without_a_codec_of_ours_is_refused(asterisk: RealStack) -> None:
    async with calling(asterisk, "1") as caller:
        caller.invite(18)
        assert (await caller.final())[0] == 488
