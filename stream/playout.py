"""Play-out buffer: the bot's audio and marks on their way to the caller.

First in, first out, in 160-byte frames. A mark belongs to a point in the audio and comes due
when everything before that point has been taken *and sent* (B-3).
"""

from __future__ import annotations

from collections import deque

from stream.g711 import FRAME_BYTES, ULAW_SILENCE
from stream.hot import PlayoutState

MAX_BYTES = 8_000 * 600
"""Ten minutes of audio, as with Twilio."""

MAX_MARKS = 32_768
"""Pending marks kept; a mark a frame for the whole buffer fits."""

MAX_MARK_BYTES = 2 * 1024 * 1024
"""Bytes of their names: what `clear` gives back at once stays far below the link's bound."""

_PAD = bytes([ULAW_SILENCE])


class Playout(PlayoutState):
    """FIFO of one stream. Counters are bytes of µ-law, except the marks."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_marks: int = MAX_MARKS) -> None:
        self.max_bytes = max_bytes
        self._max_marks = max_marks
        # Whole frames, as most bots send them: they pass without being copied.
        self.frames = deque()
        self.rest = b""
        #: Marks that are pending: byte position in all audio ever queued, name.
        self.marks = deque()
        self._mark_bytes = 0
        self.speaking = False
        self.held = False
        self.queued = 0
        self.taken = 0
        self.padded = 0
        self.cleared = 0
        self.dropped = 0
        self.ran_dry = 0
        self.marks_played = 0
        self.marks_cleared = 0

    @property
    def buffered(self) -> int:
        """Bytes queued and not yet taken."""
        return self.queued - self.taken

    def write(self, audio: bytes) -> int:
        """Queue ``audio``; return how many bytes at its end did not fit and were dropped."""
        excess = self.queued - self.taken + len(audio) - self.max_bytes
        if excess > 0:
            audio = audio[: len(audio) - excess]
            self.dropped += excess
        else:
            excess = 0
        self.queued += len(audio)
        if len(audio) == FRAME_BYTES and not self.rest:
            self.frames.append(audio)
            return excess
        samples = self.rest + audio
        whole = len(samples) - len(samples) % FRAME_BYTES
        self.frames.extend(samples[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES))
        self.rest = samples[whole:]
        return excess

    def mark(self, name: bytes) -> bool:
        """Queue a mark behind all audio; return False when there are too many already.

        It comes back with the next `due`, which the caller asks at once: with nothing buffered
        before it, a mark does not wait for a tick (fact 7).
        """
        if len(self.marks) >= self._max_marks or self._mark_bytes + len(name) > MAX_MARK_BYTES:
            return False
        self._mark_bytes += len(name)
        self.marks.append((self.queued, name))
        return True

    def clear(self) -> list[bytes]:
        """Throw away what is queued; return the marks that were pending, in order (fact 6)."""
        self.cleared += self.buffered
        self.queued = self.taken
        self.frames.clear()
        self.rest = b""
        self.speaking = self.held = False
        marks = [name for _, name in self.marks]
        self.marks.clear()
        self._mark_bytes = 0
        self.marks_cleared += len(marks)
        return marks

    def take(self) -> bytes | None:
        """Return the next 160-byte frame to send, or None: send silence.

        Only a frame that ends the audio is padded (B-5). Less than a frame at the start of
        speech waits one tick for the rest, since bots send in odd and tiny chunks (B-4).
        """
        if self.frames:
            self.taken += FRAME_BYTES
            self.speaking = True
            return self.frames.popleft()
        size = len(self.rest)
        if not size:
            self.ran_dry += self.speaking
            self.speaking = False
            return None
        if not self.speaking and not self.held:
            self.held = True
            return None
        frame = self.rest + _PAD * (FRAME_BYTES - size)
        self.rest = b""
        self.taken += size
        self.padded += FRAME_BYTES - size
        self.ran_dry += 1
        self.speaking = self.held = False
        return frame

    def due(self) -> list[bytes]:
        """Return the marks whose audio has left, in order; ask after the frame was sent."""
        marks = self.marks
        if not marks or marks[0][0] > self.taken:
            return []
        played = []
        while marks and marks[0][0] <= self.taken:
            played.append(marks.popleft()[1])
        self.marks_played += len(played)
        self._mark_bytes -= sum(map(len, played))
        return played
