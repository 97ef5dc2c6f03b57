"""One-way Media Streams session: one or both tracks of a call to a bot, nothing back.

Twilio: ``<Start><Stream>``. Each track has its own RTP source and its own row of 20 ms frames; a
timestamp means the same moment on both. Like `stream.session`, it knows neither sockets nor time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stream import control, g711, messages
from stream.inbound import Inbound
from stream.rtp import Packet
from stream.session import FRAME_MS, WARN_SLOW_READER, Link, State

#: Frames that a track's first packet may be behind the stream's clock without being moved.
SLACK = 2


class _Track:
    """One track: its sequencer, and how many frames of it there have been."""

    def __init__(self, source: control.Source) -> None:
        self.source = source
        self.inbound = Inbound(g711.PT_PCMU)
        self.frames = 0


class OneWay:
    """State machine of a one-way stream. ``emit`` takes what the app should know."""

    payload_type = g711.PT_PCMU
    marked = False

    def __init__(
        self, spec: control.Open, link: Link, emit: Callable[[control.StreamEvent], None]
    ) -> None:
        self.sid = spec.stream_sid
        self.state = State.CONNECTING
        self._link = link
        self._emit = emit
        self._tracks = [_Track(source) for source in spec.sources]
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

    def sources(self) -> Sequence[tuple[str, int, Callable[[Packet], None]]]:
        """Return host and port of each RTP source and who takes its packets."""
        return [
            (track.source.host, track.source.port, self._receiver(track)) for track in self._tracks
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
            for track in self._tracks:
                silence = track.inbound.tick()
                if silence is not None:
                    self._media(track, silence)

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
        inbounds = [track.inbound for track in self._tracks]
        return control.Stats(
            duration_ms=max((track.frames for track in self._tracks), default=0) * FRAME_MS,
            rtp_received=sum(one.packets for one in inbounds),
            rtp_late=sum(one.late for one in inbounds),
            rtp_ignored=sum(one.ignored for one in inbounds),
            rtp_rebased=sum(one.rebased for one in inbounds),
            silence_filled=sum(one.filled for one in inbounds),
            media_sent=self.media_sent,
            media_dropped=self.media_dropped,
            messages_received=self.received,
            messages_ignored=self.received,
        )

    def _receiver(self, track: _Track) -> Callable[[Packet], None]:
        def receive(packet: Packet) -> None:
            if self.state is not State.OPEN:
                return
            first = not track.inbound.packets
            frames = track.inbound.push(packet)
            if first and self._ticks - track.frames > SLACK:
                # The first sound of a track that has been idle, e.g. the first <Play>.
                for _ in range(self._ticks - track.frames):
                    track.inbound.filled += g711.FRAME_BYTES
                    self._media(track, g711.SILENT_FRAME)
            for frame in frames:
                self._media(track, frame)

        return receive

    def _media(self, track: _Track, frame: bytes) -> None:
        timestamp = track.frames * FRAME_MS
        # Media time goes on while messages are dropped: the bot sees the gap in `timestamp`.
        track.frames += 1
        if self._link.congested():
            self.media_dropped += 1
            self._warn(WARN_SLOW_READER, "the server reads too slowly: media dropped")
            return
        self.media_sent += 1
        self._link.send(self._writer.media_of(track.source.track, timestamp, frame))

    def _warn(self, code: int, message: str) -> None:
        if code not in self._warned:
            self._warned.add(code)
            self._emit(control.Warned(self.sid, code, message))
