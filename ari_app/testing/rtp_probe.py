"""A caller's ear and mouth: one UDP socket that speaks and hears G.711 over RTP.

SIPp signals but cannot check what it receives (B-34), so its SDP names this socket instead
and the comparing is done here, in bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self, cast

from ari_app.testing import rtp
from ari_app.testing.rtp import Law, RtpPacket, RtpReport, Silence

#: Linux' own: beyond net.core.rmem_max, for who has CAP_NET_ADMIN.
_SO_RCVBUFFORCE = 33
#: A minute of packets and more, by the kernel's way of counting.
_RECEIVE_BUFFER = 4 * 1024 * 1024


class ProbeError(Exception):
    """What was waited for was not heard; the message says what was."""


class RtpProbe(asyncio.DatagramProtocol):
    """One RTP endpoint: plays paced audio and DTMF, records every packet it receives.

    All it sends has one SSRC and running sequence numbers; timestamps follow real time over
    pauses, as a telephone's do. Audio and digits wait for each other. ``keep`` bounds the
    record: packets beyond it are counted in ``ignored``.
    """

    def __init__(self, law: Law = "ulaw", *, keep: int = 200_000, seed: int | None = None) -> None:
        source = random.Random(seed)  # noqa: S311 - RTP counters, not secrets
        self.law: Law = law
        self.received: list[RtpPacket] = []
        self.ignored = 0
        self.peer: tuple[str, int] | None = None
        self.sent_at: list[float] = []
        self.ssrc = source.getrandbits(32)
        self._sequence = source.getrandbits(16)
        self._timestamp = source.getrandbits(32)
        self._next_due: float | None = None
        self._keep = keep
        self._transport: asyncio.DatagramTransport | None = None
        self._news = asyncio.Event()
        self._speaking = asyncio.Lock()
        self._wire: Callable[[], float] = asyncio.get_running_loop().time

    @classmethod
    async def open(
        cls, law: Law = "ulaw", host: str = "127.0.0.1", *, keep: int = 200_000
    ) -> RtpProbe:
        """Bind an ephemeral even port on ``host``; must run inside an event loop."""
        loop = asyncio.get_running_loop()
        while True:
            transport, protocol = await loop.create_datagram_endpoint(
                lambda: cls(law, keep=keep), local_addr=(host, 0)
            )
            # RTP takes the even port of a pair (RFC 3550 §11); some peers send RTCP to the next.
            if transport.get_extra_info("sockname")[1] % 2 == 0:
                return protocol
            transport.close()

    @property
    def host(self) -> str:
        """Address the socket is bound to."""
        return self._sockname()[0]

    @property
    def port(self) -> int:
        """Port the socket is bound to: what the SDP must name."""
        return self._sockname()[1]

    def connect(self, host: str, port: int) -> None:
        """Say where to send; from then on packets of others are ignored."""
        self.peer = (host, port)

    def close(self) -> None:
        """Close the socket; what was received stays readable."""
        if self._transport is not None:
            self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    # speaking

    def send(
        self,
        payload: bytes,
        *,
        payload_type: int | None = None,
        marker: bool = False,
        sequence: int | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Send one packet now. Given counters are used as they are, for tests of broken senders."""
        if self.peer is None or self._transport is None:
            raise ProbeError("the probe does not know where to send: call connect() first")
        kind = rtp.PAYLOAD_TYPES[self.law] if payload_type is None else payload_type
        data = rtp.build(
            payload,
            payload_type=kind,
            marker=marker,
            sequence=self._sequence if sequence is None else sequence,
            timestamp=self._timestamp if timestamp is None else timestamp,
            ssrc=self.ssrc,
        )
        self._transport.sendto(data, self.peer)
        if sequence is None:
            self._sequence = (self._sequence + 1) & 0xFFFF

    async def play(self, audio: bytes, *, frame: int = rtp.FRAME_BYTES) -> None:
        """Send ``audio`` in frames of ``frame`` bytes, each at its time since the first.

        Returns when the last frame has lasted. ``sent_at`` gets the time of each frame.
        """
        async with self._speaking:
            start = self._resume()
            for number, offset in enumerate(range(0, len(audio), frame)):
                await self._until(start + number * frame / rtp.SAMPLE_RATE)
                chunk = audio[offset : offset + frame]
                self.sent_at.append(self._wire())
                self.send(chunk, marker=number == 0)
                self._advance(len(chunk))
                # Kept at every frame: a cancelled play must leave a true clock behind.
                self._next_due = start + (offset + len(chunk)) / rtp.SAMPLE_RATE
            await self._until(start + len(audio) / rtp.SAMPLE_RATE)

    def burst(self, audio: bytes, *, frame: int = rtp.FRAME_BYTES) -> None:
        """Send ``audio`` all at once, as no telephone does; its timestamps run ahead of time."""
        for offset in range(0, len(audio), frame):
            chunk = audio[offset : offset + frame]
            self.send(chunk)
            self._advance(len(chunk))

    async def press(
        self, digits: str, *, milliseconds: int = 100, gap_ms: int = 60, marker: bool = True
    ) -> None:
        """Press keys as RFC 4733 events; ``marker=False`` for senders that forget it (B-11)."""
        async with self._speaking:
            for digit in digits:
                start = self._resume()
                for number, payload in enumerate(rtp.event_packets(digit, milliseconds)):
                    await self._until(start + number * rtp.FRAME_SECONDS)
                    # Fingers do not catch up: after a stall the rest of the keys comes later,
                    # for Asterisk takes keys that come in a burst for more than there were.
                    start = max(start, self._wire() - number * rtp.FRAME_SECONDS)
                    self.send(
                        payload,
                        payload_type=rtp.EVENT_PAYLOAD_TYPE,
                        marker=marker and number == 0,
                    )
                self._advance(milliseconds * rtp.SAMPLE_RATE // 1000)
                self._next_due = start + milliseconds / 1000
                await self._until(self._next_due + gap_ms / 1000)

    # hearing

    def audio(self) -> bytes:
        """All G.711 bytes heard so far, in sequence order."""
        return rtp.audio_of(self.received)

    def report(self) -> RtpReport:
        """Loss, doubles, disorder of what was received so far."""
        return rtp.report_of(self.received)

    def silences(self, minimum: float = 0.06) -> list[Silence]:
        """Stretches of ``minimum`` seconds or more in which nothing was heard."""
        return rtp.silences_of(self.received, minimum)

    def heard(self, needle: bytes) -> bool:
        """Whether ``needle`` came as one uninterrupted run of bytes."""
        return needle in self.audio()

    async def wait_for(
        self,
        needle: bytes,
        *,
        timeout: float = 20.0,  # noqa: ASYNC109 - raises ProbeError
    ) -> int:
        """Wait until ``needle`` was heard; return its offset in :meth:`audio`.

        Raises ProbeError after ``timeout`` seconds, saying how much of it came.
        """
        try:
            async with asyncio.timeout(timeout):
                await self.until(lambda: self.heard(needle))
        except TimeoutError:
            best = longest_match(self.audio(), needle)
            raise ProbeError(
                f"heard {best} of {len(needle)} bytes in a row; {self.report()}"
            ) from None
        return self.audio().index(needle)

    async def wait_for_packets(
        self,
        count: int = 1,
        *,
        timeout: float = 20.0,  # noqa: ASYNC109 - raises ProbeError
    ) -> None:
        """Wait until ``count`` packets in all were received; raises ProbeError at the timeout."""
        try:
            async with asyncio.timeout(timeout):
                await self.until(lambda: len(self.received) >= count)
        except TimeoutError:
            raise ProbeError(f"{len(self.received)} of {count} packets received") from None

    def catch_up(self) -> None:
        """Take all that the kernel holds for us, so that `received` is true now."""
        if self._transport is None:
            raise ProbeError("the probe is not open")
        own = self._transport.get_extra_info("socket").fileno()
        with socket.socket(fileno=os.dup(own)) as same, contextlib.suppress(BlockingIOError):
            while True:
                self.datagram_received(*same.recvfrom(65536))

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until ``done()``, asked again after each packet. The caller bounds the time."""
        while not done():
            self._news.clear()
            await self._news.wait()

    # asyncio.DatagramProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket, with room for what comes while a test is busy or stalled."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        sock = transport.get_extra_info("socket")
        for option in (socket.SO_RCVBUF, _SO_RCVBUFFORCE):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, option, _RECEIVE_BUFFER)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Record one packet."""
        packet = rtp.parse(data, self._wire(), (addr[0], addr[1]))
        foreign = self.peer is not None and packet is not None and packet.source != self.peer
        if packet is None or foreign or len(self.received) >= self._keep:
            self.ignored += 1
            return
        self.received.append(packet)
        self._news.set()

    def error_received(self, exc: Exception) -> None:
        """Go on: a refused datagram only says that the other side has hung up."""

    # own clock

    def _sockname(self) -> tuple[str, int]:
        if self._transport is None:
            raise ProbeError("the probe is not open")
        return cast("tuple[str, int]", self._transport.get_extra_info("sockname"))

    def _resume(self) -> float:
        """Return the time of the next frame, the timestamp moved over the pause before it."""
        now = self._wire()
        if self._next_due is None:
            return now
        if now - self._next_due < rtp.FRAME_SECONDS:
            return self._next_due
        frames = int((now - self._next_due) / rtp.FRAME_SECONDS)
        self._advance(frames * rtp.FRAME_BYTES)
        return self._next_due + frames * rtp.FRAME_SECONDS

    def _advance(self, samples: int) -> None:
        self._timestamp = (self._timestamp + samples) & 0xFFFFFFFF

    async def _until(self, due: float) -> None:
        delay = due - self._wire()
        if delay > 0:
            await asyncio.sleep(delay)


def longest_match(heard: bytes, needle: bytes, step: int = 80) -> int:
    """Longest run of ``needle`` from its start found in ``heard``, in bytes, to ``step`` exact."""
    best = 0
    for size in range(step, len(needle) + step, step):
        if needle[:size] not in heard:
            break
        best = min(size, len(needle))
    return best


def round_trips(sent_at: Iterable[float], heard_at: Iterable[float]) -> list[float]:
    """Pair frames in order and return their round trip times in seconds."""
    return [heard - sent for sent, heard in zip(sent_at, heard_at, strict=False)]
