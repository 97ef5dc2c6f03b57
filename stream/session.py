"""Media Streams session: one bot, one caller, one state machine.

connected → start → media/dtmf/mark → stop. Joins the sequencer, the play-out buffer and the
messages; knows neither sockets nor time. Everything here runs once per 20 ms frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

from stream import control, g711, messages
from stream.inbound import Inbound
from stream.playout import Playout
from stream.rtp import Packet

FRAME_MS = 20

WARN_SLOW_READER = 31930
WARN_QUEUE_FULL = 31931

_DIGITS = frozenset("0123456789*#ABCD")


class Link(Protocol):
    """The bot's WebSocket as the session sees it."""

    def send(self, message: bytes) -> None:
        """Send one text message; never blocks."""

    def congested(self) -> bool:
        """Tell whether too much is still unsent, so that media has to be dropped."""


class State(Enum):
    """Where a session stands."""

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSED = "closed"


# A member looked up in its enum costs as much as a call, several times a frame.
_OPEN = State.OPEN


class Session:
    """State machine of one stream. ``emit`` takes what the app should know."""

    def __init__(
        self, spec: control.Open, link: Link, emit: Callable[[control.StreamEvent], None]
    ) -> None:
        alaw = spec.codec == "alaw"
        self.sid = spec.stream_sid
        self.state = State.CONNECTING
        self.payload_type = g711.PT_PCMA if alaw else g711.PT_PCMU
        self.playout = Playout()
        self.inbound = Inbound(self.payload_type, g711.ALAW_TO_ULAW if alaw else None)
        self._table = g711.ULAW_TO_ALAW if alaw else None
        self._silence = g711.SILENT_FRAME.translate(self._table)
        self._peer = spec.peer_host, spec.peer_port
        self._link = link
        self._emit = emit
        self._writer = messages.Writer(
            spec.stream_sid, spec.call_sid, spec.account_sid, spec.parameters
        )
        self._frames = 0
        self._warned: set[int] = set()
        self.media_sent = 0
        self.media_dropped = 0
        self.received = 0
        self.ignored = 0
        self.rtp_sent = 0

    def sources(self) -> Sequence[tuple[str, int, Callable[[Packet], None]]]:
        """Return host and port of the caller's RTP and who takes its packets."""
        return [(*self._peer, self.rtp)]

    def open(self) -> None:
        """The WebSocket is there: send ``connected`` and ``start``, back to back (fact 2)."""
        self.state = State.OPEN
        self._emit(control.Connected(self.sid))
        self._link.send(messages.CONNECTED)
        self._link.send(self._writer.start())
        self._emit(control.Started(self.sid))

    def rtp(self, packet: Packet) -> None:
        """Take a packet of the caller; what comes before the start is not part of the stream."""
        if self.state is _OPEN:
            for frame in self.inbound.push(packet):
                self._media(frame)

    def tick(self) -> bytes:
        """Return the frame to send now, in the caller's codec; to be called every 20 ms.

        `sent` must follow as soon as the frame has left, when there are marks: `marked`.
        """
        self.rtp_sent += 1
        if self.state is _OPEN:
            silence = self.inbound.tick()
            if silence is not None:
                self._media(silence)
            frame = self.playout.take()
            if frame is not None:
                return frame if self._table is None else frame.translate(self._table)
        return self._silence

    @property
    def marked(self) -> bool:
        """Whether marks are pending."""
        return bool(self.playout.marks)

    def sent(self) -> None:
        """The last tick's frame has left: give back the marks it completed (B-3)."""
        if self.state is _OPEN:
            self._played()

    def text(self, text: bytes) -> None:
        """Take a text message of the bot; a bad one is warned of once and ignored (fact 9)."""
        if self.state is not _OPEN:
            return
        self.received += 1
        try:
            message = messages.decode(text, self.sid)
        except messages.BadMessage as bad:
            self._ignore(bad.code, bad.reason)
            return
        if type(message) is messages.Media:
            if self.playout.write(message.media.payload):
                self._warn(WARN_QUEUE_FULL, "over ten minutes queued: audio dropped")
        elif type(message) is messages.Mark:
            self._queue_mark(message.name)
        else:
            for name in self.playout.clear():
                self._give_back(name, "cleared")

    def binary(self) -> None:
        """Take a binary message: none is valid."""
        if self.state is _OPEN:
            self.received += 1
            self._ignore(messages.WARN_MALFORMED, "binary message")

    def dtmf(self, digit: str) -> bool:
        """Tell the bot of a key; returns False when it is none, or nobody to tell."""
        if self.state is not _OPEN or digit not in _DIGITS:
            return False
        self._link.send(self._writer.dtmf(digit))
        self._emit(control.DtmfSent(self.sid, digit))
        return True

    def stop(self) -> None:
        """End from our side: send ``stop``. What is queued is discarded, marks with it."""
        if self.state is _OPEN:
            self._link.send(self._writer.stop())
        self.state = State.CLOSED

    def close(self) -> None:
        """The WebSocket is gone: nothing more is sent."""
        self.state = State.CLOSED

    def stats(self) -> control.Stats:
        """Return the counters of this stream's life."""
        inbound, playout = self.inbound, self.playout
        return control.Stats(
            duration_ms=self._frames * FRAME_MS,
            rtp_received=inbound.packets,
            rtp_late=inbound.late,
            rtp_ignored=inbound.ignored,
            rtp_rebased=inbound.rebased,
            rtp_sent=self.rtp_sent,
            silence_filled=inbound.filled,
            media_sent=self.media_sent,
            media_dropped=self.media_dropped,
            audio_queued=playout.buffered + playout.taken + playout.cleared,
            audio_played=playout.taken,
            audio_cleared=playout.cleared,
            audio_dropped=playout.dropped,
            marks_played=playout.marks_played,
            marks_cleared=playout.marks_cleared,
            messages_received=self.received,
            messages_ignored=self.ignored,
        )

    def _media(self, frame: bytes) -> None:
        timestamp = self._frames * FRAME_MS
        # Media time goes on while messages are dropped: the bot sees the gap in `timestamp`.
        self._frames += 1
        if self._link.congested():
            self.media_dropped += 1
            self._warn(WARN_SLOW_READER, "the server reads too slowly: media dropped")
            return
        self.media_sent += 1
        self._link.send(self._writer.media(timestamp, frame))

    def _queue_mark(self, name: bytes) -> None:
        if not name:
            return
        if not self.playout.mark(name):
            self._warn(WARN_QUEUE_FULL, "too many marks pending: mark dropped")
        self._played()

    def _played(self) -> None:
        for name in self.playout.due():
            self._give_back(name, "played")

    def _give_back(self, name: bytes, outcome: control.Outcome) -> None:
        self._link.send(self._writer.mark(name))
        self._emit(control.Mark(self.sid, messages.mark_label(name), outcome))

    def _ignore(self, code: int, reason: str) -> None:
        self.ignored += 1
        self._warn(code, reason)

    def _warn(self, code: int, message: str) -> None:
        if code not in self._warned:
            self._warned.add(code)
            self._emit(control.Warned(self.sid, code, message))
