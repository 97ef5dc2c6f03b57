"""Bots that misbehave: fact 9; Twilio: Media Streams, errors."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog.testing
import websockets

from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.bridge import Bridge, start_bridge
from stream import control

SOUND = bytes(range(160)) * 5


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Bridge]:
    async with start_bridge(tmp_path) as bridge:
        yield bridge


async def assert_alive(bridge: Bridge, connection: BotConnection) -> None:
    """The stream still carries audio both ways and gives marks back."""
    bridge.peer.send_audio(SOUND)
    await connection.wait_audio(SOUND)
    await connection.clear()
    await connection.play(SOUND)
    await connection.mark("alive")
    await connection.wait(lambda c: any(m["mark"]["name"] == "alive" for m in c.of("mark")))
    await bridge.peer.wait_audio(SOUND)


def frame(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    """Return an unmasked WebSocket frame (RFC 6455 §5.2)."""
    first = opcode | (0x80 if fin else 0)
    if len(payload) < 126:
        return bytes([first, len(payload)]) + payload
    return bytes([first, 126]) + struct.pack("!H", len(payload)) + payload


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\x00\x01binary", 31950),
        ("not json", 31951),
        ("[" * 100_000, 31951),
        ('{"event":"unknown"}', 31951),
        ('{"event":"media","media":{"payload":"***"}}', 31951),
        ('{"event":"clear","streamSid":"MZ00000000000000000000000000000000"}', 31951),
    ],
)
async def test_fact_09_b_08_bad_messages_warn_once_and_change_nothing(
    bridge: Bridge, message: str | bytes, code: int
) -> None:
    """Fact 9, B-8."""
    async with FakeBot() as bot:
        _, connection = await bridge.connect(bot)
        for _ in range(3):
            await connection.send(message)
        await assert_alive(bridge, connection)
        warned = await bridge.wait_event(control.Warned)
        assert [event.code for event in warned] == [code]


async def test_b_08_what_went_wrong_is_in_the_log_with_call_and_code(bridge: Bridge) -> None:
    """B-8: loud about what failed; no password and no query of the URL in it."""
    async with FakeBot() as bot:
        with structlog.testing.capture_logs() as logs:
            spec = bridge.spec(bot.url.replace("//", "//user:secret@") + "?token=secret")
            stream = await bridge.pool.open(bridge.pool.pick(), spec, lambda event: None)
            connection = await bot.connection()
            await connection.wait_count("start", 1)
            await connection.send("garbage")
            await connection.close(1011)
            await stream.closed()
        ours = [entry for entry in logs if entry.get("call_sid") == spec.call_sid]
        assert [(entry["event"], entry.get("code")) for entry in ours] == [
            ("stream.started", None),
            ("stream.warned", 31951),
            ("stream.stopped", 31921),
        ]
        assert "secret" not in repr(logs)


async def test_five_megabytes_in_one_message(bridge: Bridge) -> None:
    """§2.4: up to 16 MiB is taken; over ten minutes of audio warns 31931 and keeps the rest."""
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        await connection.play(SOUND + bytes(5_000_000))
        await bridge.peer.wait_audio(SOUND)
        warned = await bridge.wait_event(control.Warned)
        assert [event.code for event in warned] == [31931]
        await assert_alive(bridge, connection)
        await stream.stop()
        stats = (await stream.closed()).stats
        assert stats.audio_dropped == len(SOUND) + 5_000_000 - 4_800_000


async def test_a_hundred_thousand_tiny_messages(bridge: Bridge) -> None:
    """A flood neither kills the stream nor starves a neighbour's clock."""
    neighbour = Bridge(bridge.worker, bridge.pool, type(bridge.peer)())
    tiny = json.dumps({"event": "media", "media": {"payload": "/w=="}}).encode()
    async with FakeBot() as bot, neighbour.peer:
        _, connection = await bridge.connect(bot)
        _, other = await neighbour.connect(bot)
        before = len(neighbour.peer.packets)
        connection.write_raw(frame(1, tiny) * 100_000)
        await connection.mark("end")
        await connection.clear()
        await connection.wait_count("mark", 1)
        await assert_alive(bridge, connection)
        await assert_alive(neighbour, other)
        packets = neighbour.peer.packets
        assert len(packets) > before
        steps = {(b.timestamp - a.timestamp) % 2**32 for a, b in itertools.pairwise(packets)}
        assert steps == {160}


async def test_a_bot_that_stops_reading_loses_media_within_a_bound(tmp_path: Path) -> None:
    """31930 once, marks and keys are never dropped, the neighbour hears nothing of it."""
    async with (
        start_bridge(tmp_path) as bridge,
        FakeBot(receive_buffer=8192) as bot,
        FakeBot() as good,
    ):
        neighbour = Bridge(bridge.worker, bridge.pool, type(bridge.peer)())
        async with neighbour.peer:
            stream, connection = await bridge.connect(bot)
            _, other = await neighbour.connect(good)
            connection.reading.clear()
            for _ in range(40):
                bridge.peer.send_audio(SOUND * 10)
                await asyncio.sleep(0)
            warned = await bridge.wait_event(control.Warned)
            assert [event.code for event in warned] == [31930]
            await connection.mark("kept")
            stream.dtmf("7")
            await bridge.wait_event(control.DtmfSent)
            await bridge.wait_event(control.Mark)
            await assert_alive(neighbour, other)
            connection.reading.set()
            await connection.wait_count("dtmf", 1)
            await connection.wait_count("mark", 1)
            await stream.stop()
            stats = (await stream.closed()).stats
            assert stats.media_dropped > 0
            # Two seconds of it per 32 kB: what was owed to the bot when it came back.
            assert len(connection.of("media")) < 2_000
            stamps = [int(message["media"]["timestamp"]) for message in connection.of("media")]
            assert stamps == sorted(set(stamps))


VIOLATIONS: dict[str, bytes] = {
    "fragmented control frame": frame(9, b"x", fin=False),
    "reserved opcode": frame(3, b"x"),
    "long control frame": frame(9, b"x" * 126),
    "masked by a server": b"\x81\x81\x00\x00\x00\x00x",
    "continuation of nothing": frame(0, b"x"),
    "text inside a fragmented text": frame(1, b"{", fin=False) + frame(1, b"{}"),
    "over 16 MiB": b"\x81\x7f" + struct.pack("!Q", 17 << 20),
    "close with a code that is none": frame(8, struct.pack("!H", 999)),
    "garbage": b"\xff" * 50,
}


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=VIOLATIONS.keys())
async def test_protocol_violations_end_the_stream_with_31924(
    bridge: Bridge, violation: bytes
) -> None:
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        connection.write_raw(violation)
        stopped = await stream.closed()
        assert (stopped.cause, stopped.code) == ("error", 31924)
        await connection.wait_closed()
        _, again = await bridge.connect(bot)  # the next call works
        await assert_alive(bridge, again)


async def test_fragmented_messages_are_put_together(bridge: Bridge) -> None:
    """RFC 6455 §5.4, with a ping in between."""
    async with FakeBot() as bot:
        _, connection = await bridge.connect(bot)
        payload = base64.b64encode(SOUND).decode()
        text = json.dumps({"event": "media", "media": {"payload": payload}}).encode()
        connection.write_raw(
            frame(1, text[:7], fin=False)
            + frame(9, b"ping")
            + frame(0, text[7:90], fin=False)
            + frame(0, text[90:])
        )
        await bridge.peer.wait_audio(SOUND)


@pytest.mark.parametrize("code", [1002, 1008, 1011, 3000, 4321])
async def test_a_close_with_an_error_code_is_31921(bridge: Bridge, code: int) -> None:
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        await connection.close(code)
        stopped = await stream.closed()
        assert (stopped.cause, stopped.code) == ("error", 31921)
        assert str(code) in stopped.message


async def test_a_close_without_a_code_is_normal(bridge: Bridge) -> None:
    """1005 is what ``ws.close()`` of Node.js sends."""
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        connection.write_raw(frame(8, b""))
        assert (await stream.closed()).cause == "remote"


async def test_a_dropped_connection_is_31903(bridge: Bridge) -> None:
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        connection.drop()
        stopped = await stream.closed()
        assert (stopped.cause, stopped.code) == ("error", 31903)


async def test_a_bot_that_closes_at_once(bridge: Bridge) -> None:
    """The stream starts and is over; nothing is left behind."""

    async def leave(connection: BotConnection) -> None:
        await connection.close(1000)

    async with FakeBot(leave) as bot:
        for _ in range(20):
            stream = await bridge.open(bot.url)
            assert (await stream.closed()).cause == "remote"
        assert [info.streams for info in bridge.pool.workers] == [0]


async def test_pings_go_unanswered_and_the_stream_ends(tmp_path: Path) -> None:
    """§2.5 Keepalive: a bot that is gone without a word is noticed."""
    async with (
        start_bridge(tmp_path, ping_ticks=5) as bridge,
        FakeBot(receive_buffer=4096) as bot,
    ):
        stream, connection = await bridge.connect(bot)
        connection.socket.transport.pause_reading()
        connection.reading.clear()
        stopped = await stream.closed()
        assert (stopped.cause, stopped.code) == ("error", 31903)
        assert "ping" in stopped.message


async def test_pings_are_answered_and_the_stream_lives(tmp_path: Path) -> None:
    async with start_bridge(tmp_path, ping_ticks=2) as bridge, FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        await connection.wait_count("media", 25)
        await assert_alive(bridge, connection)
        await stream.stop()
        assert (await stream.closed()).cause == "requested"


async def test_a_bot_that_pings_is_answered_and_keeps_its_stream(bridge: Bridge) -> None:
    """§2.5 Keepalive: servers ping by themselves and drop a client that does not answer."""
    async with FakeBot() as bot:
        _, connection = await bridge.connect(bot)

        async def ping(payload: bytes) -> None:
            async with asyncio.timeout(20):
                await (await connection.socket.ping(payload))

        async def fragments() -> AsyncIterator[str]:
            yield '{"event":"mark",'
            await ping(b"between")
            yield '"mark":{"name":"whole"}}'

        for payload in (b"", b"1", b"\x00" * 125):
            await connection.play(SOUND)
            await ping(payload)
            await connection.wait_count("media", len(connection.of("media")) + 1)
        await connection.socket.send(fragments())
        assert (await connection.wait_count("mark", 1))[0]["mark"]["name"] == "whole"
        await assert_alive(bridge, connection)
        assert bridge.of(control.Warned) == []


async def test_a_bot_that_never_reads_and_never_closes_cannot_hold_a_stop(
    bridge: Bridge,
) -> None:
    async with FakeBot(receive_buffer=4096) as bot:
        stream, connection = await bridge.connect(bot)
        connection.socket.transport.pause_reading()
        await stream.stop()
        assert (await stream.closed()).cause == "requested"


async def test_unread_marks_are_bounded_too(bridge: Bridge) -> None:
    """Marks are never dropped for a slow reader, so a dead one is given up: 16 MiB unread."""
    async with FakeBot(receive_buffer=8192) as bot:
        stream, connection = await bridge.connect(bot)
        connection.reading.clear()
        with contextlib.suppress(websockets.ConnectionClosed):
            for _ in range(24_000):
                await connection.mark("x" * 1000)
        stopped = await stream.closed()
        assert (stopped.cause, stopped.code) == ("error", 31903)
        assert "unread" in stopped.message
