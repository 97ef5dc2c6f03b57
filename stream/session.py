"""Media Streams session: one bot, one caller, one state machine.

connected → start → media/dtmf/mark → stop. Joins the sequencer, the play-out buffer and the
messages; knows neither sockets nor time. Everything here runs once per 20 ms frame.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from enum import Enum

from stream import control, g711, messages
from stream.hot import Lane, Sender
from stream.inbound import Inbound
from stream.late import MAX_OWED
from stream.playout import Playout
from stream.rtp import Packet
from stream.twin import Link, Receiver

FRAME_MS = 20

WARN_SLOW_READER = 31930
WARN_QUEUE_FULL = 31931

_DIGITS = frozenset("0123456789*#ABCD")


class State(Enum):
    """Where a session stands."""

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSED = "closed"


class Session(Lane):
    """State machine of one stream. ``emit`` takes what the app should know."""

    def __init__(
        self, spec: control.Open, link: Link, emit: Callable[[control.StreamEvent], None]
    ) -> None:
        alaw = spec.codec == "alaw"
        payload_type = g711.PT_PCMA if alaw else g711.PT_PCMU
        table = g711.ULAW_TO_ALAW if alaw else None
        self.sid = spec.stream_sid
        self.state = State.CONNECTING
        self._playout = Playout()
        self._inbound = Inbound(payload_type, g711.ALAW_TO_ULAW if alaw else None)
        self._writer = messages.Writer(
            spec.stream_sid, spec.call_sid, spec.account_sid, spec.parameters
        )
        sender = Sender(
            payload_type,
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(31),
        )
        super().__init__(
            spec.stream_sid.encode(),
            self._inbound,
            self._playout,
            self._writer,
            sender,
            link,
            g711.SILENT_FRAME.translate(table),
            table,
        )
        self._peer = spec.peer_host, spec.peer_port
        self._link = link
        self._emit = emit
        self._tells_news = spec.news
        self._warned: set[int] = set()
        self.ignored = 0
        #: Told of an exception in the way of a frame.
        self.on_failed: Callable[[BaseException], None] = reraise

    def sources(self) -> Sequence[tuple[str, int, Receiver]]:
        """Return host and port of the caller's RTP and who takes its packets."""
        return [(*self._peer, self)]

    def open(self) -> None:
        """The WebSocket is there: send ``connected`` and ``start``, back to back (fact 2)."""
        self.state = State.OPEN
        self.is_open = True
        self._emit(control.Connected(self.sid))
        self._link.send(messages.CONNECTED)
        self._link.send(self._writer.start())
        self._emit(control.Started(self.sid))

    def rtp(self, packet: Packet) -> None:
        """Take a packet of the caller; what comes before the start is not part of the stream."""
        if self.is_open:
            for frame in self._inbound.push(packet):
                self.media(frame)

    def missed(self) -> None:
        """A tick fell due and was not: what was to be played then is made up for, within bounds.

        Before the bot is there only silence was due.
        """
        if self.is_open:
            self.swallowed = min(self.swallowed + 1, MAX_OWED)

    def sent(self) -> None:
        """The last tick's frame has left: give back the marks it completed (B-3)."""
        if self.is_open:
            self._played()

    def message(self, text: bytes) -> None:
        """Take a text message of the bot; a bad one is warned of once and ignored (fact 9)."""
        if not self.is_open:
            return
        self.received += 1
        try:
            message = messages.decode(text, self.sid)
        except messages.BadMessage as bad:
            self._ignore(bad.code, bad.reason)
            return
        if type(message) is messages.Media:
            self.play(message.media.payload)
        elif type(message) is messages.Mark:
            self._queue_mark(message.name)
        else:
            if self._tells_news:
                self._emit(control.Cleared(self.sid))
            for name in self._playout.clear():
                self._give_back(name, "cleared")

    def play(self, audio: bytes) -> None:
        """Queue audio for the caller; what is over ten minutes is dropped."""
        if self._playout.write(audio):
            self._warn(WARN_QUEUE_FULL, "over ten minutes queued: audio dropped")

    def binary(self) -> None:
        """Take a binary message: none is valid."""
        if self.is_open:
            self.received += 1
            self._ignore(messages.WARN_MALFORMED, "binary message")

    def dtmf(self, digit: str) -> bool:
        """Tell the bot of a key; returns False when it is none, or nobody to tell."""
        if not self.is_open or digit not in _DIGITS:
            return False
        self._link.send(self._writer.dtmf(digit))
        self._emit(control.DtmfSent(self.sid, digit))
        return True

    def failed(self, error: BaseException) -> None:
        """Something in the way of a frame is broken."""
        self.on_failed(error)

    def stop(self) -> None:
        """End from our side: send ``stop``. What is queued is discarded, marks with it."""
        if self.is_open:
            self._link.send(self._writer.stop())
        self.state = State.CLOSED
        self.is_open = False

    def close(self) -> None:
        """The WebSocket is gone: nothing more is sent."""
        self.state = State.CLOSED
        self.is_open = False

    def stats(self) -> control.Stats:
        """Return the counters of this stream's life."""
        inbound, playout = self._inbound, self._playout
        return control.Stats(
            duration_ms=self.frames * FRAME_MS,
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
            ran_dry=playout.ran_dry,
            messages_received=self.received,
            messages_ignored=self.ignored,
        )

    def media(self, frame: bytes) -> None:
        """Send a frame on to the bot, or drop it when the bot reads too slowly."""
        timestamp = self.frames * FRAME_MS
        # Media time goes on while messages are dropped: the bot sees the gap in `timestamp`.
        self.frames += 1
        if self._link.congested():
            self.media_dropped += 1
            self._warn(WARN_SLOW_READER, "the server reads too slowly: media dropped")
            return
        self.media_sent += 1
        self._link.send(self._writer.media(timestamp, frame))

    def _queue_mark(self, name: bytes) -> None:
        if not name:
            return
        if self._tells_news:
            self._emit(control.MarkTaken(self.sid, messages.mark_label(name)))
        if not self._playout.mark(name):
            self._warn(WARN_QUEUE_FULL, "too many marks pending: mark dropped")
        self._played()

    def _played(self) -> None:
        for name in self._playout.due():
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


def reraise(error: BaseException) -> None:
    """Raise ``error``: nobody else has been named to hear of it."""
    raise error
