"""A UDP socket that plays Asterisk's end of an externalMedia RTP pair."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self, cast

from ari_app.testing.rtp import RtpPacket, parse

DEADLINE = 20.0


class RtpPeer(asyncio.DatagramProtocol):
    """Records what it is sent and sends what it is told; an async context manager."""

    def __init__(self, payload_type: int = 0) -> None:
        self.payload_type = payload_type
        self.packets: list[RtpPacket] = []
        self.target: tuple[str, int] = ("127.0.0.1", 0)
        self.sequence = 65_500  # near the wrap, so that every test passes it
        self.timestamp = 2**32 - 4_000
        self.ssrc = 0x1234ABCD
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> tuple[str, int]:
        """The socket's own address."""
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    @property
    def audio(self) -> bytes:
        """All payload received so far, in the order of arrival."""
        return b"".join(packet.payload for packet in self.packets)

    def send(self, payload: bytes, *, step: int | None = None, marker: bool = False) -> None:
        """Send one packet; sequence and timestamp go on (by ``step`` samples if given)."""
        header = struct.pack(
            "!BBHII",
            0x80,
            self.payload_type | (0x80 if marker else 0),
            self.sequence,
            self.timestamp,
            self.ssrc,
        )
        self._transport.sendto(header + payload, self.target)
        self.sequence = (self.sequence + 1) % 2**16
        self.timestamp = (self.timestamp + (len(payload) if step is None else step)) % 2**32

    def send_audio(self, audio: bytes, size: int = 160) -> None:
        """Send ``audio`` in packets of ``size`` samples, as fast as it goes."""
        for at in range(0, len(audio), size):
            self.send(audio[at : at + size])

    async def wait(self, condition: Callable[[RtpPeer], bool]) -> None:
        """Wait until ``condition`` holds."""
        async with asyncio.timeout(DEADLINE), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def wait_packets(self, count: int) -> None:
        """Wait until ``count`` more packets have come: the clock of a test."""
        goal = len(self.packets) + count
        await self.wait(lambda self: len(self.packets) >= goal)

    async def wait_audio(self, needle: bytes) -> bytes:
        """Wait until ``needle`` has been received in one piece; return all audio."""
        await self.wait(lambda self: needle in self.audio)
        return self.audio

    def catch_up(self) -> None:
        """Take all that the kernel holds: on loopback, whatever was sent before now."""
        own = self._transport.get_extra_info("socket").fileno()
        with socket.socket(fileno=os.dup(own)) as same, contextlib.suppress(BlockingIOError):
            while True:
                self.datagram_received(*same.recvfrom(2048))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open (asyncio)."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A packet came (asyncio)."""
        packet = parse(data, asyncio.get_running_loop().time(), addr)
        assert packet is not None, data  # noqa: S101
        self.packets.append(packet)
        task = asyncio.ensure_future(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport.close()
