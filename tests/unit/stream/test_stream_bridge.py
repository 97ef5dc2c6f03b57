"""The bridge on loopback, bot and Asterisk played by independent code (Twilio: Media Streams)."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from ari_app.testing.bot import FakeBot
from ari_app.testing.bridge import Bridge, start_bridge
from ari_app.testing.rtp import RtpPacket
from stream import control, g711
from stream.session import Session


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Bridge]:
    async with start_bridge(tmp_path) as bridge:
        yield bridge


def assert_continuous(packets: Sequence[RtpPacket]) -> None:
    """One SSRC for life, no hole in sequence or timestamp, full frames, one marker bit."""
    first = packets[0]
    assert {packet.ssrc for packet in packets} == {first.ssrc}
    assert {len(packet.payload) for packet in packets} == {160}
    assert [packet.marker for packet in packets] == [True] + [False] * (len(packets) - 1)
    for number, packet in enumerate(packets):
        assert packet.sequence == (first.sequence + number) % 2**16
        assert packet.timestamp == (first.timestamp + 160 * number) % 2**32


async def test_audio_goes_both_ways_bit_for_bit(bridge: Bridge) -> None:
    """All 256 µ-law codes, both ways."""
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        sound = bytes(range(256)) * 10 + random.Random(1).randbytes(160 * 25)
        sound = sound[: len(sound) // 160 * 160]
        bridge.peer.send_audio(sound)
        await connection.wait_audio(sound)
        await connection.play(sound)
        await bridge.peer.wait_audio(sound)
        await stream.stop()
        assert {packet.payload_type for packet in bridge.peer.packets} == {0}
        assert_continuous(bridge.peer.packets)


async def test_alaw_goes_both_ways_by_table(tmp_path: Path) -> None:
    """All 256 A-law codes; the caller's codec is translated in the bridge."""
    async with start_bridge(tmp_path, payload_type=8) as bridge, FakeBot() as bot:
        _, connection = await bridge.connect(bot, codec="alaw")
        codes = bytes(range(256)) * 5
        bridge.peer.send_audio(codes)
        await connection.wait_audio(codes.translate(g711.ALAW_TO_ULAW))
        await connection.play(codes)
        await bridge.peer.wait_audio(codes.translate(g711.ULAW_TO_ALAW))
        assert {packet.payload_type for packet in bridge.peer.packets} == {8}
        await bridge.peer.wait(lambda peer: peer.packets[-1].payload == b"\xd5" * 160)


async def test_golden_transcript(bridge: Bridge) -> None:
    """Facts 1 to 5, 7 and 15: the very text of a short stream, from connected to stop."""
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot, parameters={"name": "value"})
        frames = [bytes([code]) * 160 for code in (1, 2)]
        bridge.peer.send_audio(b"".join(frames))
        await connection.wait_audio(frames[1])
        await connection.mark("my label")
        await connection.wait_count("mark", 1)
        stream.dtmf("1")
        await connection.wait_count("dtmf", 1)
        await stream.stop()
        await connection.wait_closed()
        spec = json.loads(connection.raw[1])["start"]
        mz, ac, ca = stream.sid, spec["accountSid"], spec["callSid"]
        payloads = [base64.b64encode(frame).decode() for frame in frames]
        texts = [text for text in connection.raw if base64.b64encode(b"\xff" * 160).decode()
                 not in text]  # fmt: skip
        numbers = [json.loads(text).get("sequenceNumber") for text in texts]
        media = [json.loads(text)["media"] for text in texts[2:4]]
        assert texts == [
            '{"event":"connected","protocol":"Call","version":"1.0.0"}',
            f'{{"event":"start","sequenceNumber":"1","start":{{"accountSid":"{ac}",'
            f'"streamSid":"{mz}","callSid":"{ca}","tracks":["inbound"],'
            '"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},'
            f'"customParameters":{{"name":"value"}}}},"streamSid":"{mz}"}}',
            f'{{"event":"media","sequenceNumber":"{numbers[2]}","media":{{"track":"inbound",'
            f'"chunk":"{media[0]["chunk"]}","timestamp":"{media[0]["timestamp"]}",'
            f'"payload":"{payloads[0]}"}},"streamSid":"{mz}"}}',
            f'{{"event":"media","sequenceNumber":"{numbers[3]}","media":{{"track":"inbound",'
            f'"chunk":"{media[1]["chunk"]}","timestamp":"{media[1]["timestamp"]}",'
            f'"payload":"{payloads[1]}"}},"streamSid":"{mz}"}}',
            f'{{"event":"mark","sequenceNumber":"{numbers[4]}","streamSid":"{mz}",'
            '"mark":{"name":"my label"}}',
            f'{{"event":"dtmf","streamSid":"{mz}","sequenceNumber":"{numbers[5]}",'
            '"dtmf":{"track":"inbound_track","digit":"1"}}',
            f'{{"event":"stop","sequenceNumber":"{numbers[6]}","streamSid":"{mz}",'
            f'"stop":{{"accountSid":"{ac}","callSid":"{ca}"}}}}',
        ]
        everything = [m["sequenceNumber"] for m in connection.messages[1:]]
        assert everything == [str(number + 1) for number in range(len(everything))]
        assert int(media[1]["timestamp"]) == int(media[0]["timestamp"]) + 20
        assert connection.close_code == 1000


async def test_handshake_headers(bridge: Bridge) -> None:
    """Facts 14 and 16, B-12, §2.2: what the upgrade has, and what it has not."""
    async with FakeBot() as bot:
        url = bot.url.replace("//", "//user:p%40ss@") + "/p%20a th?secret=1"
        await bridge.open(url, headers={"X-Twilio-Signature": "c2ln"})
        connection = await bot.connection()
        assert connection.path == "/stream/p%20a%20th"
        assert connection.headers["User-Agent"] == "Twilio.TmeWs/1.0"
        assert connection.headers["X-Twilio-Signature"] == "c2ln"
        assert connection.headers["Host"] == f"127.0.0.1:{bot.port}"
        assert connection.headers["Authorization"] == "Basic dXNlcjpwQHNz"
        for name in ("Origin", "Cookie", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"):
            assert name not in connection.headers


async def test_query_passes_when_asked_for(bridge: Bridge) -> None:
    """Fact 14, the option."""
    async with FakeBot() as bot:
        await bridge.open(bot.url + "?a=1&b=%20", keep_query=True)
        assert (await bot.connection()).path == "/stream?a=1&b=%20"


async def test_ten_seconds_in_one_message_play_at_real_rate(bridge: Bridge) -> None:
    """Fact 8, B-3: no packet early, none missing, and the mark comes after the last byte."""
    async with FakeBot() as bot:
        _, connection = await bridge.connect(bot)
        sound = random.Random(2).randbytes(80_000)
        await connection.play(sound)
        await connection.mark("end")
        await connection.wait_count("mark", 1)
        bridge.peer.catch_up()
        assert sound in bridge.peer.audio
        packets = bridge.peer.packets
        assert_continuous(packets)
        at = bridge.peer.audio.index(sound) // 160
        # It may be slower on a busy machine, but can never be faster than real time.
        assert packets[at + 499].arrived - packets[at].arrived > 9.0


async def test_speech_begins_in_the_tick_before(bridge: Bridge) -> None:
    """B-3: an idle stream owes a frame, which the bot's first one is, as soon as it is there."""
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        lane = bridge.worker.session(stream.sid)
        await bridge.peer.wait(lambda peer: len(peer.packets) > 2)
        await connection.play(b"\x01" * 80_000)
        await bridge.peer.wait_audio(b"\x01" * 160)
        assert isinstance(lane, Session)
        assert lane.playout.frames
        assert not lane.owes


async def test_any_chunking_is_heard_in_one_piece(bridge: Bridge) -> None:
    """Fact 8, B-3, B-4: one byte to many frames a message, far faster than real time."""
    rng = random.Random(3)
    async with FakeBot() as bot:
        _, connection = await bridge.connect(bot)
        sound, at = rng.randbytes(12_000), 4_001  # half a second ahead, for a busy machine
        await connection.play(sound[:at])
        while at < len(sound):
            size = rng.choice([1, 1, 7, 159, 160, 161, 1000])
            await connection.play(sound[at : at + size])
            at += size
        await connection.mark("end")
        await connection.wait_count("mark", 1)
        bridge.peer.catch_up()
        assert sound in bridge.peer.audio


async def test_clear_in_mid_audio(bridge: Bridge) -> None:
    """Fact 6, B-1, B-2: silence by the next tick, marks at once and in order, counted apart."""
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        await connection.mark("before")
        sound = bytes([1]) * 40_000
        for name in ("a", "b", "a"):
            await connection.play(sound)
            await connection.mark(name)
        await bridge.peer.wait_audio(bytes([1]) * 1600)
        await connection.clear()
        marks = await connection.wait_count("mark", 4)
        assert [message["mark"]["name"] for message in marks] == ["before", "a", "b", "a"]
        heard = bridge.peer.audio.count(b"\x01")
        await bridge.peer.wait(lambda peer: peer.audio.endswith(b"\xff" * 1600))
        # What was on its way when the marks came back: at most one frame more.
        assert bridge.peer.audio.count(b"\x01") <= heard + 320
        after = bytes([2]) * 320
        await connection.play(after)
        await bridge.peer.wait_audio(after)
        await stream.stop()
        stats = (await stream.closed()).stats
        assert (stats.marks_played, stats.marks_cleared) == (1, 3)
        assert stats.audio_played + stats.audio_cleared == 120_320
        assert [mark.outcome for mark in bridge.of(control.Mark)] == ["played"] + ["cleared"] * 3
        assert_continuous(bridge.peer.packets)


async def test_marks_on_an_empty_buffer_return_at_once(bridge: Bridge) -> None:
    """Fact 7: same name again, numbers keep their type, nameless ones are tolerated."""
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        await connection.send('{"event":"mark"}')
        for name in ("x", "x", 7, 1.5, 'q"uote'):
            await connection.mark(name)
        marks = await connection.wait_count("mark", 5)
        assert [message["mark"]["name"] for message in marks] == ["x", "x", 7, 1.5, 'q"uote']
        await stream.stop()
        assert [mark.name for mark in bridge.of(control.Mark)] == ["x", "x", "7", "1.5", 'q"uote']
        assert bridge.of(control.Warned) == []


async def test_silence_comes_50_times_a_second_without_rtp(bridge: Bridge) -> None:
    """Fact 5, §2.3: a bot's watchdog hears silence, with timestamps 20 ms apart."""
    async with FakeBot() as bot:
        _, connection = await bridge.connect(bot)
        media = await connection.wait_count("media", 25)
        stamps = [int(message["media"]["timestamp"]) for message in media]
        assert stamps == list(range(0, 20 * len(stamps), 20))
        assert not connection.audio.strip(b"\xff")


async def test_the_bot_closes_and_the_stream_is_over(bridge: Bridge) -> None:
    """Fact 10: no `stop`, cause "remote", no error."""
    async with FakeBot() as bot:
        for code in (1000, 1001):
            stream, connection = await bridge.connect(bot)
            await connection.close(code)
            stopped = await stream.closed()
            assert (stopped.cause, stopped.code) == ("remote", None)
            assert connection.of("stop") == []


async def test_two_streams_do_not_hear_each_other(bridge: Bridge, tmp_path: Path) -> None:
    """Design §4.6: told apart by Asterisk's port; strangers are dropped and counted."""
    other = Bridge(bridge.worker, bridge.pool, type(bridge.peer)())
    async with FakeBot() as bot, other.peer, type(bridge.peer)() as stranger:
        _, one = await bridge.connect(bot)
        _, two = await other.connect(bot)
        stranger.target = bridge.peer.target
        sounds = [bytes([code]) * 1600 for code in (1, 2, 3)]
        for peer, sound in zip((bridge.peer, other.peer, stranger), sounds, strict=True):
            peer.send_audio(sound)
        await one.wait_audio(sounds[0])
        await two.wait_audio(sounds[1])
        await one.play(sounds[1])
        await bridge.peer.wait_audio(sounds[1])
        assert set(one.audio) <= {1, 0xFF}
        assert set(two.audio) <= {2, 0xFF}
        assert set(other.peer.audio) == {0xFF}
        assert bridge.worker.rtp.counts.unknown == 10
