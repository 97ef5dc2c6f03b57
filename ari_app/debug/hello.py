"""Hello, RTP: does audio pass between this machine and Asterisk, both ways? (complaint B-28)

Two externalMedia channels of an application of our own, bridged: what is sent on one must come out
of the other. Everything is taken away again.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import aiohttp
import msgspec

from ari_app.ari.errors import AriError
from ari_app.ari.operations import Resources
from ari_app.ari.transport import Transport
from ari_app.debug.probes import Hello

#: Packets of 20 ms of G.711 µ-law sent each way.
PACKETS = 25
_FRAME = 160
_HEADER = struct.Struct("!BBHII")
#: Seconds for the whole.
_DEADLINE = 15.0
#: Steps of so many seconds without a packet after which no more is waited for.
_STEPS, _STEP = 20, 0.05


class HelloError(Exception):
    """It could not be tried; says what was refused."""


class _Ear(asyncio.DatagramProtocol):
    """Counts µ-law packets."""

    def __init__(self) -> None:
        self.heard = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Count what is RTP of ours."""
        if len(data) == _HEADER.size + _FRAME and data[0] >> 6 == 2 and not data[1] & 0x7F:
            self.heard += 1


async def hello(transport: Transport) -> Hello:
    """Try it; raises HelloError."""
    try:
        async with asyncio.timeout(_DEADLINE):
            return await _tried(transport)
    except TimeoutError:
        raise HelloError(f"no end of it within {_DEADLINE:.0f} s") from None
    except (AriError, aiohttp.ClientError, OSError) as error:
        raise HelloError(str(error) or type(error).__name__) from error


async def _tried(transport: Transport) -> Hello:
    name = f"ari-debug-hello-{os.getpid()}-{secrets.token_hex(3)}"
    ids = [f"{name}-a", f"{name}-b"]
    here = _address_towards(transport.base.host or "", transport.base.port or 80)
    ari = Resources(transport)
    url = (transport.base / "events").with_query(app=name)
    async with (
        _listening(here) as (first, first_ear),
        _listening(here) as (second, second_ear),
        transport.session.ws_connect(url, headers=transport.headers) as events,
        _taken_away(ari, ids, f"{name}-bridge"),
    ):
        peers = []
        for channel_id, end in zip(ids, (first, second), strict=True):
            port = end.get_extra_info("sockname")[1]
            host = f"[{here}]" if ":" in here else here
            await ari.channels.external_media(
                channel_id=channel_id, app=name, external_host=f"{host}:{port}", format="ulaw"
            )
            peers.append(await _peer(ari, channel_id))
        skew = await _entered(events, set(ids))
        await ari.bridges.create_with_id(bridge_id=f"{name}-bridge", type="mixing")
        await ari.bridges.add_channel(bridge_id=f"{name}-bridge", channel=ids)
        for number in range(PACKETS):
            for end, (host, rtp_port) in zip((first, second), peers, strict=True):
                end.sendto(_packet(number), (host, rtp_port))
            await asyncio.sleep(0.02)
        await _quiet(first_ear, second_ear)
    ends = (f"{peers[0][0]}:{peers[0][1]}", f"{peers[1][0]}:{peers[1][1]}")
    there, back = min(second_ear.heard, PACKETS), min(first_ear.heard, PACKETS)
    return Hello(PACKETS, there, back, ends, here, skew)


async def _quiet(*ears: _Ear) -> None:
    """Wait until all has come, or nothing has for a while.

    Counted in steps: a machine that stands still for seconds has not been listening.
    """
    steps, heard = 0, -1
    while steps < _STEPS and any(ear.heard < PACKETS for ear in ears):
        await asyncio.sleep(_STEP)
        before, heard = heard, sum(ear.heard for ear in ears)
        steps = steps + 1 if heard == before else 0


@asynccontextmanager
async def _listening(host: str) -> AsyncIterator[tuple[asyncio.DatagramTransport, _Ear]]:
    transport, ear = await asyncio.get_running_loop().create_datagram_endpoint(
        _Ear, local_addr=(host, 0)
    )
    try:
        yield transport, ear
    finally:
        transport.close()


@asynccontextmanager
async def _taken_away(ari: Resources, channels: list[str], bridge: str) -> AsyncIterator[None]:
    """Whatever was made goes at the end, that it was not there is no failure."""
    try:
        yield
    finally:
        with suppress(AriError):
            await ari.bridges.destroy(bridge_id=bridge)
        for channel in channels:
            with suppress(AriError):
                await ari.channels.hangup(channel_id=channel)


async def _peer(ari: Resources, channel_id: str) -> tuple[str, int]:
    """Asterisk's end of a channel; older ones do not say it in their answer."""
    found = []
    for variable in ("UNICASTRTP_LOCAL_ADDRESS", "UNICASTRTP_LOCAL_PORT"):
        answer = await ari.channels.get_channel_var(channel_id=channel_id, variable=variable)
        found.append(answer.value)
    try:
        return found[0], int(found[1])
    except ValueError:
        raise HelloError(f"Asterisk did not tell its RTP address: {found}") from None


async def _entered(events: aiohttp.ClientWebSocketResponse, wanted: set[str]) -> float | None:
    """Wait until the channels are in the application; how far Asterisk's clock is ahead."""
    skew: float | None = None
    while wanted:
        message = await events.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise HelloError("the event WebSocket was closed")
        event = msgspec.json.decode(message.data, type=_Event)
        ahead = event.ahead()
        if ahead is not None:
            # What was longest on its way says least: the greatest is nearest to the truth.
            skew = ahead if skew is None else max(skew, ahead)
        if event.type == "StasisStart":
            wanted.discard(event.channel.id)
    return skew


class _Channel(msgspec.Struct):
    id: str = ""


class _Event(msgspec.Struct):
    type: str = ""
    timestamp: str = ""
    channel: _Channel = msgspec.field(default_factory=_Channel)

    def ahead(self) -> float | None:
        """Seconds between its time and ours, its way here counted as behind."""
        return skew_of(self.timestamp)


def skew_of(stamp: str, now: float | None = None) -> float | None:
    """How far a timestamp of Asterisk is ahead of ``now``, seconds; None when it is none."""
    try:
        made = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    except ValueError:
        return None
    return made - (time.time() if now is None else now)


def _packet(number: int) -> bytes:
    return _HEADER.pack(0x80, 0, number, number * _FRAME, 0xA51) + bytes([0x55]) * _FRAME


def _address_towards(host: str, port: int) -> str:
    """Our address on the way to Asterisk: where it must be able to send to."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(address)
        return str(probe.getsockname()[0])
