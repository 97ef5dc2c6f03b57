"""The bridge end to end on loopback: contract §2.3, §2.4 on the wire."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ari_app.testing.bot import FakeBot
from ari_app.testing.bridge import Bridge, start_bridge
from stream import control


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Bridge]:
    async with start_bridge(tmp_path) as bridge:
        yield bridge


async def test_audio_goes_both_ways_bit_for_bit(bridge: Bridge) -> None:
    async with FakeBot() as bot:
        stream, connection = await bridge.connect(bot, parameters={"a": "b"})
        sound = random.Random(1).randbytes(160 * 25)
        bridge.peer.send_audio(sound)
        await connection.wait_audio(sound)
        await connection.play(sound)
        await connection.mark("end")
        await connection.wait_count("mark", 1)
        await bridge.peer.wait_audio(sound)
        stream.dtmf("5")
        await connection.wait_count("dtmf", 1)
        await stream.stop()
        await connection.wait_closed()
        assert [m["event"] for m in connection.messages[:2]] == ["connected", "start"]
        assert connection.messages[-1]["event"] == "stop"
        assert connection.close_code == 1000
        assert (await stream.closed()).cause == "requested"
        assert bridge.of(control.Mark)[0].outcome == "played"
