"""Play-out buffer: the bot's audio and marks on their way to the caller.

First in, first out, in 160-byte frames. A mark belongs to a point in the audio and comes due
when everything before that point has been taken *and sent* (B-3).
"""

from __future__ import annotations

from collections import deque

from stream.g711 import FRAME_BYTES, ULAW_SILENCE

MAX_BYTES = 8_000 * 600
"""Ten minutes of audio, as with Twilio."""

MAX_MARKS = 32_768
"""Pending marks kept; a mark a frame for the whole buffer fits."""

_PAD = bytes([ULAW_SILENCE])


class Playout:
    """FIFO of one stream. Counters are bytes of µ-law, except the marks."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_marks: int = MAX_MARKS) -> None:
        self._max_bytes = max_bytes
        self._max_marks = max_marks
        self._audio = bytearray()
        # (byte position in all audio ever queued, mark)
        self._marks: deque[tuple[int, bytes]] = deque()
        self._speaking = False
        self._held = False
        self.queued = 0
        self.taken = 0
        self.padded = 0
        self.cleared = 0
        self.dropped = 0
        self.marks_played = 0
        self.marks_cleared = 0

    @property
    def buffered(self) -> int:
        """Bytes queued and not yet taken."""
        return len(self._audio)

    @property
    def pending_marks(self) -> int:
        """Marks queued and not yet come back."""
        return len(self._marks)

    def write(self, audio: bytes) -> int:
        """Queue ``audio``; return how many bytes at its end did not fit and were dropped."""
        excess = max(len(self._audio) + len(audio) - self._max_bytes, 0)
        self._audio += audio[: len(audio) - excess] if excess else audio
        self.queued += len(audio) - excess
        self.dropped += excess
        return excess

    def mark(self, name: bytes) -> bool:
        """Queue a mark behind all audio; return False when there are too many already.

        It comes back with the next `due`, which the caller asks at once: with nothing buffered
        before it, a mark does not wait for a tick (fact 7).
        """
        if len(self._marks) >= self._max_marks:
            return False
        self._marks.append((self.queued, name))
        return True

    def clear(self) -> list[bytes]:
        """Throw away what is queued; return the marks that were pending, in order (fact 6)."""
        self.cleared += len(self._audio)
        self.queued -= len(self._audio)
        self._audio.clear()
        self._speaking = self._held = False
        marks = [name for _, name in self._marks]
        self._marks.clear()
        self.marks_cleared += len(marks)
        return marks

    def take(self) -> bytes | None:
        """Return the next 160-byte frame to send, or None: send silence.

        Only a frame that ends the audio is padded (B-5). Less than a frame at the start of
        speech waits one tick for the rest, since bots send in odd and tiny chunks (B-4).
        """
        audio = self._audio
        size = len(audio)
        if size >= FRAME_BYTES:
            frame = bytes(audio[:FRAME_BYTES])
            del audio[:FRAME_BYTES]
            self.taken += FRAME_BYTES
            self._speaking = True
            return frame
        if not size:
            self._speaking = False
            return None
        if not self._speaking and not self._held:
            self._held = True
            return None
        frame = bytes(audio) + _PAD * (FRAME_BYTES - size)
        audio.clear()
        self.taken += size
        self.padded += FRAME_BYTES - size
        self._speaking = self._held = False
        return frame

    def due(self) -> list[bytes]:
        """Return the marks whose audio has left, in order; ask after the frame was sent."""
        marks = self._marks
        if not marks or marks[0][0] > self.taken:
            return []
        played = []
        while marks and marks[0][0] <= self.taken:
            played.append(marks.popleft()[1])
        self.marks_played += len(played)
        return played
