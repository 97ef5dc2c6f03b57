"""RTP tried both ways, and everything taken away again, whatever came of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from ari_app.ari.transport import Transport
from ari_app.debug.hello import PACKETS, HelloError, hello
from ari_app.testing.asterisk import FakeAsterisk


class Bridge(asyncio.DatagramProtocol):
    """Asterisk's two ends: what comes in at one goes out at the other, `deaf` ones let nothing."""

    def __init__(self, asterisk: FakeAsterisk) -> None:
        self.asterisk = asterisk
        self.ends: list[asyncio.DatagramTransport] = []
        self.deaf = False

    def end(self, number: int) -> asyncio.DatagramProtocol:
        """One of the two."""
        bridge = self

        class End(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                if not (bridge.deaf and number):
                    bridge.ends[1 - number].sendto(data, bridge.outside(1 - number))

        return End()

    def outside(self, number: int) -> tuple[str, int]:
        """Where an end sends to, as the request for its channel said."""
        media = [r for r in self.asterisk.requests if r.path == "/channels/externalMedia"]
        host, _, port = media[number].query["external_host"].rpartition(":")
        return host, int(port)


@asynccontextmanager
async def bridged(*, deaf: bool = False) -> AsyncIterator[tuple[FakeAsterisk, Transport]]:
    async with FakeAsterisk() as asterisk:
        bridge, loop = Bridge(asterisk), asyncio.get_running_loop()
        bridge.deaf = deaf
        for number in (0, 1):
            transport, _ = await loop.create_datagram_endpoint(
                partial(bridge.end, number), local_addr=("127.0.0.1", 0)
            )
            bridge.ends.append(transport)
        first, second = (one.get_extra_info("sockname")[1] for one in bridge.ends)
        asterisk.rtp_ports = itertools.count(first, second - first)
        client = Transport(asterisk.url, asterisk.username, asterisk.password)
        try:
            yield asterisk, client
        finally:
            await client.close()
            for one in bridge.ends:
                one.close()
        assert not asterisk.world.channels
        assert not asterisk.world.bridges


async def test_audio_that_passes_both_ways_is_counted() -> None:
    async with bridged() as (_, client):
        found = await hello(client)
    assert (found.sent, found.there, found.back) == (PACKETS, PACKETS, PACKETS)
    assert found.here == "127.0.0.1"


async def test_a_way_that_is_shut_is_told_from_one_that_is_open() -> None:
    async with bridged(deaf=True) as (_, client):
        found = await hello(client)
    assert (found.there, found.back) == (PACKETS, 0)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/channels/externalMedia"),
        ("POST", "/bridges/.*"),
        ("GET", "/events"),
    ],
)
async def test_what_asterisk_refuses_is_said(method: str, path: str) -> None:
    async with bridged() as (asterisk, client):
        asterisk.refuse(method, path, 500, "Allocation failed")
        with pytest.raises(HelloError, match=r"Allocation failed|500"):
            await hello(client)
