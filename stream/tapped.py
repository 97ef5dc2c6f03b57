"""One tapped track of a call to a row of 20 ms frames on the stream's clock.

A tap's RTP timestamps are of no use: Asterisk takes them from the clock on the wall when it gets
to send, so a busy moment looks like a gap although the audio is whole. What counts here is that
no packet is missing, and the stream's own clock: a track that has fallen behind it has been
silent, unless the packets that follow at once make up for it.
"""

from __future__ import annotations

from stream.g711 import FRAME_BYTES, SILENT_FRAME
from stream.inbound import IDLE_TICKS, MAX_PAYLOAD
from stream.rtp import Packet

HOLD_TICKS = 2
"""Ticks that audio after a gap waits for more, to tell a late burst from a pause (40 ms)."""

MAX_LOST = 50
"""Most packets in a row that are taken for lost; a wider gap is a restarted sender (1 s)."""

SLACK = {"inbound": IDLE_TICKS, "outbound": 3}
"""Frames a track may be behind the clock before silence is put in. A caller's packets may be
that late on the network; what is played to the caller comes from Asterisk itself."""


class Tapped:
    """Sequencer of one track: packets and ticks in, 160-byte µ-law frames out.

    ``frames`` counts those given out: it is the track's own clock, in frames. The other counters
    are packets, except ``filled`` (samples of silence put in).
    """

    def __init__(self, track: str, payload_type: int) -> None:
        self._slack = SLACK[track]
        self._payload_type = payload_type
        self._carry = b""
        self._ssrc: int | None = None
        self._next_sequence = 0
        self._held: list[bytes] = []
        self._hold = 0
        self._idle = 0
        self.frames = 0
        self.packets = 0
        self.late = 0
        self.ignored = 0
        self.filled = 0

    def push(self, packet: Packet, clock: int) -> list[bytes]:
        """Return the frames to give out at ``clock`` (frames since the stream began)."""
        size = len(packet.payload)
        if packet.payload_type != self._payload_type or not 0 < size <= MAX_PAYLOAD:
            self.ignored += 1
            return []
        lost = packet.sequence - self._next_sequence & 0xFFFF
        if packet.ssrc != self._ssrc:
            self._ssrc, lost = packet.ssrc, 0
        elif lost >= 0x8000:
            self.late += 1
            return []
        self._next_sequence = packet.sequence + 1 & 0xFFFF
        # Once silence has been made up the track is known to have paused.
        slack = 0 if self._idle > IDLE_TICKS else self._slack
        self._idle = 0
        self.packets += 1
        found = [*self._silence(lost if lost <= MAX_LOST else 0), *self._slice(packet.payload)]
        if not self._held and clock - self.frames <= slack:
            return self._out(found)
        if not self._held:
            self._hold = HOLD_TICKS
        self._held += found
        return []

    def tick(self, clock: int) -> list[bytes]:
        """Return what is to be given out when ``clock`` has come; to be called every 20 ms."""
        if self._held:
            self._hold -= 1
            if self._hold > 0:
                return []
            found, self._held = self._held, []
            return self._out([*self._silence(clock - self.frames - len(found)), *found])
        self._idle += 1
        return self._out(self._silence(1)) if self._idle > IDLE_TICKS else []

    def _silence(self, count: int) -> list[bytes]:
        if count <= 0:
            return []
        self.filled += count * FRAME_BYTES
        return [SILENT_FRAME] * count

    def _slice(self, payload: bytes) -> list[bytes]:
        if len(payload) == FRAME_BYTES and not self._carry:
            return [payload]
        samples = self._carry + payload
        whole = len(samples) - len(samples) % FRAME_BYTES
        self._carry = samples[whole:]
        return [samples[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES)]

    def _out(self, frames: list[bytes]) -> list[bytes]:
        self.frames += len(frames)
        return frames
