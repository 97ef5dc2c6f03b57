"""The twin of the compiled core (stream/core), in Python: states, and the way of a frame."""

from __future__ import annotations

import binascii
import struct
from collections import deque
from typing import Protocol

from stream import rtp
from stream.g711 import FRAME_BYTES
from stream.late import AHEAD, CALM, LINGER, PATIENCE, WAITS


class InboundState:
    """Where a caller's row of packets stands; `stream.inbound.Inbound` has the logic.

    The core takes the packet that is next in its row, and a tick within `IDLE_TICKS`, by itself.
    """

    payload_type: int
    table: bytes | None
    carry: bytes
    ssrc: int
    next_sequence: int
    next_timestamp: int
    idle: int
    ahead: int
    packets: int
    late: int
    ignored: int
    rebased: int
    filled: int

    def push(self, packet: rtp.Packet) -> list[bytes]:
        """Return the frames complete with ``packet``."""
        raise NotImplementedError

    def tick(self) -> bytes | None:
        """Return a frame of silence when it is time for one."""
        raise NotImplementedError


class PlayoutState:
    """What waits for the caller; `stream.playout.Playout` has the logic.

    The core queues and takes whole frames by itself when no part of one is in between.
    """

    frames: deque[bytes]
    rest: bytes
    marks: deque[tuple[int, bytes]]
    speaking: bool
    held: bool
    max_bytes: int
    queued: int
    taken: int
    padded: int
    cleared: int
    dropped: int
    ran_dry: int

    def take(self) -> bytes | None:
        """Return the next frame, None for silence."""
        raise NotImplementedError


class MediaText:
    """Maker of one stream's `media` messages; owns the counters. Takes JSON strings."""

    def __init__(self, track: bytes, sid: bytes) -> None:
        self._template = (
            b'{"event":"media","sequenceNumber":"%%d","media":{"track":%b,"chunk":"%%d",'
            b'"timestamp":"%%d","payload":"%%b"},"streamSid":%b}'
            % (track.replace(b"%", b"%%"), sid.replace(b"%", b"%%"))
        )
        self.sequence = 0
        self.chunk = 0

    def media(self, timestamp: int, frame: bytes) -> bytes:
        """Return the media message of ``frame``, ``timestamp`` in ms since the stream began."""
        self.sequence += 1
        self.chunk += 1
        return self._template % (
            self.sequence,
            self.chunk,
            timestamp,
            binascii.b2a_base64(frame, newline=False),
        )


_HEADER = struct.Struct("!BBHII")


class Sender:
    """Outgoing half of an RTP pair: one SSRC for life, timestamps from samples sent.

    The first packet carries the marker bit; there is no idle after it, since silence is sent
    as audio (RFC 3551 §4.1).
    """

    def __init__(self, payload_type: int, ssrc: int, sequence: int, timestamp: int) -> None:
        self._payload_type = payload_type
        self._second = payload_type | 0x80
        self._ssrc = ssrc
        self._sequence = sequence
        self._timestamp = timestamp

    def packet(self, frame: bytes) -> bytes:
        """Return the packet of the next ``frame`` of 160 bytes."""
        sequence, timestamp = self._sequence, self._timestamp
        self._sequence = sequence + 1 & 0xFFFF
        self._timestamp = timestamp + len(frame) & 0xFFFFFFFF
        header = _HEADER.pack(0x80, self._second, sequence, timestamp, self._ssrc)
        self._second = self._payload_type
        return header + frame

    def skip(self, ticks: int) -> None:
        """Let time pass without a packet: the next one's timestamp tells of it."""
        self._timestamp = self._timestamp + ticks * FRAME_BYTES & 0xFFFFFFFF


class Link(Protocol):
    """The bot's WebSocket as the session sees it."""

    def send(self, message: bytes) -> None:
        """Send one text message; never blocks."""

    def congested(self) -> bool:
        """Tell whether too much is still unsent, so that media has to be dropped."""


class Receiver(Protocol):
    """Whom an RTP peer's datagrams are for."""

    def datagram(self, data: bytes) -> bool:
        """Take one; returns False when it is no RTP."""

    def failed(self, error: BaseException) -> None:
        """Taking it raised ``error``."""


class Ticked(Protocol):
    """What the wheel ticks besides lanes: it sends nothing to the call."""

    def tick(self) -> object:
        """Let 20 ms pass."""

    def failed(self, error: BaseException) -> None:
        """That raised ``error``."""


class Lane:
    """What every frame of a session passes; `stream.session.Session` has the rest.

    ``silence`` is a frame in the caller's codec, ``table`` translates µ-law to that codec, None
    when it is µ-law. The core calls the hooks only for what is out of the ordinary.
    """

    def __init__(
        self,
        sid: bytes,
        inbound: InboundState,
        playout: PlayoutState,
        writer: MediaText,
        sender: Sender,
        link: Link,
        silence: bytes,
        table: bytes | None,
    ) -> None:
        self._sid = sid
        self.inbound = inbound
        self.playout = playout
        self.writer = writer
        self.sender = sender
        self.link = link
        self._silence = silence
        self._table = table
        #: Asterisk's end of the RTP pair, as the kernel writes it.
        self.peer: bytes | None = None
        #: Whether the bot listens and talks.
        self.is_open = False
        #: Ticks still to be served with a frame, should one come.
        self.owes = 0
        #: Ticks that our own stalls have swallowed, to be made up for likewise.
        self.swallowed = 0
        #: Ticks in a row that found nothing queued.
        self._dry = 0
        #: Whether the bot has sent ahead of time since it began to talk.
        self._ahead = False
        #: Ticks of calm in store: each time that a talking bot keeps us waiting costs `CALM`.
        self._calm = WAITS * CALM
        self.frames = 0
        self.media_sent = 0
        self.media_dropped = 0
        self.received = 0
        self.rtp_sent = 0

    # Hooks.

    def rtp(self, packet: rtp.Packet) -> None:
        """Take a packet of the caller."""

    def media(self, frame: bytes) -> None:
        """Send a frame of µ-law to the bot, or drop it when the bot does not read."""

    def message(self, text: bytes) -> None:
        """Take a text message of the bot."""

    def play(self, audio: bytes) -> None:
        """Queue audio for the caller."""

    def failed(self, error: BaseException) -> None:
        """Something in here is broken."""

    # The way of a frame.

    def datagram(self, data: bytes) -> bool:
        """Take a datagram of the caller; returns False when it is no RTP."""
        packet = rtp.parse(data)
        if packet is None:
            return False
        self.rtp(packet)
        return True

    def text(self, text: bytes) -> None:
        """Take a text message of the bot."""
        self.message(text)

    def tick(self) -> bytes | None:
        """Return the frame to send now, in the caller's codec; to be called every 20 ms.

        None when there is none *yet*: audio leaves as soon as it may, silence as late as it may.
        A tick that finds nothing queued owes a frame, which `late` gives when it comes; only when
        the next tick falls due is it silence. So what comes late for its tick is not late for the
        rest of the call.

        A bot that sends in real time, as an echo does, never catches up. So it is waited for a
        little longer, `PATIENCE`, when it has kept us waiting: once in a while that is a stall on
        its way, which is over then. If it happens again and again, it is jitter, and silence gives
        it a buffer of its size. The ticks that were waited for in vain are let go, and the
        timestamp says so.

        `Session.sent` must follow as soon as the frame has left, when marks are pending.
        """
        if self.is_open:
            silence = self.inbound.tick()
            if silence is not None:
                self.media(silence)
            if self._calm < WAITS * CALM:
                self._calm += 1
            if not self.playout.speaking:
                self._ahead = False
            waiting = len(self.playout.frames)
            if waiting:
                self._ahead |= waiting > AHEAD
            elif self._dry < self._patience() and self.owes < PATIENCE:
                self._dry += 1
                self.owes += 1
                return None
            else:
                self._give_up()
        return self._next()

    def _patience(self) -> int:
        playout = self.playout
        waits = playout.speaking and not playout.rest and not self._ahead and self._calm >= CALM
        return PATIENCE if waits else 1

    def _give_up(self) -> None:
        """Let go the ticks waited for in vain: this one is silence, or what is left of a frame."""
        let_go = 0
        if self.playout.speaking and self._dry > 1:
            let_go = self._dry - 1
            self._spend_wait()
        if self._dry < LINGER:
            self._dry += 1
        else:
            let_go = self.owes - 1
            self.swallowed = 0
        if let_go > 0:
            self.sender.skip(let_go)
            self.owes -= let_go

    def _spend_wait(self) -> None:
        self._calm = max(self._calm - CALM, 0)

    def late(self) -> bytes | None:
        """Return the frame that a tick owes, when it has come; to be called at every wake-up."""
        if not (self.owes or self.swallowed) or not self.is_open or not self.playout.frames:
            return None
        if self.owes:
            self.owes -= 1
        else:
            self.swallowed -= 1
        return self._next()

    def _next(self) -> bytes:
        if self.playout.frames:
            if self.playout.speaking and self._dry > 1:
                self._spend_wait()
            self._dry = 0
        frame = self.playout.take() if self.is_open else None
        self.rtp_sent += 1
        if frame is None:
            return self._silence
        return frame if self._table is None else frame.translate(self._table)
