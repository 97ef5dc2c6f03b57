"""Caller's RTP packets to a gapless row of 20 ms frames.

The row is the stream's media clock: every frame it yields is 20 ms later than the one before,
whatever the network did. Audio that arrives is never thrown away for being after a pause.
"""

from __future__ import annotations

from stream.g711 import FRAME_BYTES, SILENT_FRAME, ULAW_SILENCE
from stream.hot import InboundState
from stream.rtp import Packet

IDLE_TICKS = 10
"""Ticks of 20 ms without a packet after which silence is made (200 ms)."""

MAX_FILL = 8_000
"""Most samples of silence put in for one gap (1 s); a wider gap is a new timeline."""

MAX_PAYLOAD = 8_000
"""Longest payload taken for audio, in samples (1 s)."""

MAX_MISORDER = 100
"""Packets a late one may be behind before it means a restarted sender (RFC 3550 §A.1)."""

_SILENCE = bytes([ULAW_SILENCE])


class Inbound(InboundState):
    """Sequencer of one stream: packets and ticks in, 160-byte frames out.

    ``table`` translates the payload to µ-law, None when it is µ-law already. The counters are
    packets, except ``filled`` (samples of silence put in).
    """

    def __init__(self, payload_type: int, table: bytes | None = None) -> None:
        self.payload_type = payload_type
        self.table = table
        self.carry = b""
        self.ssrc = -1  # none yet
        self.next_sequence = 0
        self.next_timestamp = 0
        self.idle = 0
        # Samples of silence already made up by ticks that the RTP timeline has yet to show:
        # the next gap is filled with that much less (B-6).
        self.ahead = 0
        self.packets = 0
        self.late = 0
        self.ignored = 0
        self.rebased = 0
        self.filled = 0

    def push(self, packet: Packet) -> list[bytes]:
        """Return the frames complete with ``packet``; [] when it is late, foreign or short."""
        size = len(packet.payload)
        if packet.payload_type != self.payload_type or not 0 < size <= MAX_PAYLOAD:
            self.ignored += 1
            return []
        fill = 0
        if packet.ssrc != self.ssrc:
            self._rebase(packet.ssrc)
        elif packet.sequence != self.next_sequence or packet.timestamp != self.next_timestamp:
            behind = (self.next_sequence - packet.sequence) & 0xFFFF
            gap = _signed32(packet.timestamp - self.next_timestamp)
            if 0 < behind <= MAX_MISORDER and gap < 0:
                self.late += 1
                return []
            forward = behind == 0 or behind >= 0x8000
            wanted = gap - self.ahead
            if forward and gap >= 0 and wanted <= MAX_FILL:
                fill = max(wanted, 0)
                self.ahead = max(-wanted, 0)
            else:
                self._rebase(packet.ssrc)
        self.next_sequence = (packet.sequence + 1) & 0xFFFF
        self.next_timestamp = (packet.timestamp + size) & 0xFFFFFFFF
        self.idle = 0
        self.packets += 1
        payload = packet.payload if self.table is None else packet.payload.translate(self.table)
        if size == FRAME_BYTES and not fill and not self.carry:
            return [payload]
        self.filled += fill
        return self._slice(self.carry + _SILENCE * fill + payload)

    def tick(self) -> bytes | None:
        """Return a frame of silence when no packet has come for `IDLE_TICKS` ticks, else None.

        To be called every 20 ms. Ticks are counted, not time: after a stall of the process the
        packets waiting in the socket are read before silence can be made up for them.
        """
        self.idle += 1
        if self.idle <= IDLE_TICKS:
            return None
        self.ahead += FRAME_BYTES
        self.filled += FRAME_BYTES
        if not self.carry:
            return SILENT_FRAME
        return self._slice(self.carry + SILENT_FRAME)[0]

    def _rebase(self, ssrc: int) -> None:
        if self.ssrc >= 0:
            self.rebased += 1
        self.ssrc = ssrc
        self.ahead = 0

    def _slice(self, samples: bytes) -> list[bytes]:
        whole = len(samples) - len(samples) % FRAME_BYTES
        self.carry = samples[whole:]
        return [samples[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES)]


def _signed32(difference: int) -> int:
    """Return a difference of two 32-bit counters as a signed number."""
    return (difference + 0x80000000 & 0xFFFFFFFF) - 0x80000000
