"""One-way Media Streams session: one or both tracks of a call to a bot, nothing back.

Twilio: ``<Start><Stream>``. Each track has its own RTP source and its own row of 20 ms frames; a
timestamp means the same moment on both. Like `stream.session`, it knows neither sockets nor time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stream import control, g711, messages, rtp
from stream.session import FRAME_MS, WARN_SLOW_READER, State, reraise
from stream.tapped import Tapped
from stream.twin import Link, Receiver

#: Frames that a track may be before the clock: packets and ticks take turns in no fixed order.
MAX_LEAD = 3


class OneWay:
    """State machine of a one-way stream. ``emit`` takes what the app should know."""

    def __init__(
        self, spec: control.Open, link: Link, emit: Callable[[control.StreamEvent], None]
    ) -> None:
        self.sid = spec.stream_sid
        self.state = State.CONNECTING
        self._link = link
        self._emit = emit
        self._tracks = [(one, Tapped(one.track, g711.PT_PCMU)) for one in spec.sources]
        self._writer = messages.Writer(
            spec.stream_sid,
            spec.call_sid,
            spec.account_sid,
            spec.parameters,
            [source.track for source in spec.sources],
        )
        self._ticks = 0
        self._warned: set[int] = set()
        self.media_sent = 0
        self.media_dropped = 0
        self.received = 0
        #: Told of an exception in the way of a frame.
        self.on_failed: Callable[[BaseException], None] = reraise

    def sources(self) -> Sequence[tuple[str, int, Receiver]]:
        """Return host and port of each RTP source and who takes its packets."""
        return [
            (source.host, source.port, _Source(self, source.track, tapped))
            for source, tapped in self._tracks
        ]

    def open(self) -> None:
        """The WebSocket is there: send ``connected`` and ``start``, back to back (fact 2)."""
        self.state = State.OPEN
        self._emit(control.Connected(self.sid))
        self._link.send(messages.CONNECTED)
        self._link.send(self._writer.start())
        self._emit(control.Started(self.sid))

    def tick(self) -> None:
        """Let 20 ms pass: a track on which nothing comes is silent, not missing."""
        if self.state is State.OPEN:
            self._ticks += 1
            for source, tapped in self._tracks:
                self._media(source.track, tapped, tapped.tick(self._ticks))

    def missed(self) -> None:
        """A tick was missed: packets set the clock right."""

    def sent(self) -> None:
        """Nothing is ever sent to the call."""

    def text(self, text: bytes) -> None:
        """Take a text message of the bot: none is valid, which is warned of once (B-9)."""
        if self.state is State.OPEN:
            self.received += 1
            self._warn(messages.WARN_INVALID, "one-way stream: audio back needs <Connect><Stream>")

    def binary(self) -> None:
        """Take a binary message: none is valid."""
        if self.state is State.OPEN:
            self.received += 1
            self._warn(messages.WARN_MALFORMED, "binary message")

    def dtmf(self, digit: str) -> bool:
        """Keys are told on two-way streams only: always False."""
        return False

    def stop(self) -> None:
        """End from our side: send ``stop``."""
        if self.state is State.OPEN:
            self._link.send(self._writer.stop())
        self.state = State.CLOSED

    def close(self) -> None:
        """The WebSocket is gone: nothing more is sent."""
        self.state = State.CLOSED

    def stats(self) -> control.Stats:
        """Return the counters of this stream's life, all tracks together."""
        tapped = [one for _, one in self._tracks]
        return control.Stats(
            duration_ms=max((one.frames for one in tapped), default=0) * FRAME_MS,
            rtp_received=sum(one.packets for one in tapped),
            rtp_late=sum(one.late for one in tapped),
            rtp_ignored=sum(one.ignored for one in tapped),
            silence_filled=sum(one.filled for one in tapped),
            media_sent=self.media_sent,
            media_dropped=self.media_dropped,
            messages_received=self.received,
            messages_ignored=self.received,
        )

    def packet(self, track: control.Track, tapped: Tapped, packet: rtp.Packet) -> None:
        """Take a packet of one track."""
        if self.state is State.OPEN:
            self._media(track, tapped, tapped.push(packet, self._ticks))
            # Ticks that a stall of this process has swallowed are not to part the tracks.
            if tapped.frames > self._ticks + MAX_LEAD:
                self._ticks = tapped.frames

    def failed(self, error: BaseException) -> None:
        """Something in the way of a frame is broken."""
        self.on_failed(error)

    def _media(self, track: control.Track, tapped: Tapped, frames: Sequence[bytes]) -> None:
        first = tapped.frames - len(frames)
        for number, frame in enumerate(frames, first):
            # Media time goes on while messages are dropped: the bot sees the gap in `timestamp`.
            if self._link.congested():
                self.media_dropped += 1
                self._warn(WARN_SLOW_READER, "the server reads too slowly: media dropped")
                continue
            self.media_sent += 1
            self._link.send(self._writer.media_of(track, number * FRAME_MS, frame))

    def _warn(self, code: int, message: str) -> None:
        if code not in self._warned:
            self._warned.add(code)
            self._emit(control.Warned(self.sid, code, message))


class _Source:
    """Receiver of one track's datagrams."""

    def __init__(self, owner: OneWay, track: control.Track, tapped: Tapped) -> None:
        self._owner = owner
        self._track = track
        self._tapped = tapped
        self.failed = owner.failed

    def datagram(self, data: bytes) -> bool:
        """Take one (see `stream.twin.Receiver`)."""
        packet = rtp.parse(data)
        if packet is None:
            return False
        self._owner.packet(self._track, self._tapped, packet)
        return True
