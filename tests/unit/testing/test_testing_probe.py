"""Two probes talk to each other: what one says the other hears, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ari_app.testing import audio, rtp
from ari_app.testing.rtp_probe import ProbeError, RtpProbe

Pair = tuple[RtpProbe, RtpProbe]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with await RtpProbe.open() as one, await RtpProbe.open() as two:
        one.connect(two.host, two.port)
        two.connect(one.host, one.port)
        yield one, two


async def test_audio_arrives_whole_and_in_real_time(pair: Pair) -> None:
    one, two = pair
    source = audio.random_codes(0.3, seed=1)
    start = asyncio.get_running_loop().time()
    await one.play(source)
    assert asyncio.get_running_loop().time() - start >= 0.3
    assert await two.wait_for(source) == 0
    assert two.report().clean
    assert two.silences() == []


async def test_timestamps_follow_real_time_over_a_pause(pair: Pair) -> None:
    one, two = pair
    await one.play(bytes(160))
    await asyncio.sleep(0.1)
    await one.play(bytes(160))
    await two.wait_for_packets(2)
    first, second = two.received
    assert second.sequence == (first.sequence + 1) & 0xFFFF
    steps, rest = divmod((second.timestamp - first.timestamp) & 0xFFFFFFFF, 160)
    assert steps >= 5
    assert rest == 0


async def test_a_digit_waits_for_the_audio_and_keeps_the_ssrc(pair: Pair) -> None:
    one, two = pair
    await asyncio.gather(one.play(bytes(1600)), one.press("5"))
    await two.wait_for_packets(17)
    kinds = [packet.payload_type for packet in two.received]
    assert kinds == [0] * 10 + [rtp.EVENT_PAYLOAD_TYPE] * 7
    assert {packet.timestamp for packet in two.received[10:]} == {two.received[10].timestamp}
    assert two.received[10].marker
    assert two.report().clean
    assert two.audio() == bytes(1600)


async def test_what_is_missing_is_said(pair: Pair) -> None:
    one, two = pair
    source = audio.random_codes(0.1, seed=1)
    await one.play(source[:320])
    await two.wait_for_packets(2)
    with pytest.raises(ProbeError, match="heard 320 of 800 bytes"):
        await two.wait_for(source, timeout=0.05)


async def test_packets_of_strangers_and_beyond_the_bound_are_only_counted(pair: Pair) -> None:
    one, _ = pair
    async with await RtpProbe.open(keep=2) as small, await RtpProbe.open() as stranger:
        small.connect(one.host, one.port)
        stranger.connect(small.host, small.port)
        one.connect(small.host, small.port)
        stranger.send(bytes(160))
        await one.play(bytes(480))
        await small.wait_for_packets(2)
        assert small.ignored == 2
        assert {packet.ssrc for packet in small.received} == {one.ssrc}


async def test_without_a_peer_speaking_is_an_error() -> None:
    async with await RtpProbe.open() as lonely:
        with pytest.raises(ProbeError, match="connect"):
            lonely.send(b"")
