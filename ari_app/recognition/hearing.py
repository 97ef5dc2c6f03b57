"""One recognition: tracks of µ-law in, what was said out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from ari_app.recognition.engine import Ear, Engine, RecognitionError
from ari_app.recognition.messages import Began, Event, Failed, Final, Partial, Wanted
from ari_app.recognition.utterances import FRAME_BYTES, Utterances

#: Bytes of PCM that an ear is given at a time (200 ms), and most that wait for it (90 s).
CHUNK = 10 * FRAME_BYTES
MAX_WAITING = 450
STABILITY = 0.5
"""What partial results are told to be: the engines here do not tell it."""

Tell = Callable[[Event], Awaitable[None]]
Work = tuple[str, bytes]


class Track:
    """Hears one track. ``voiced`` judges frames, ``tell`` takes the events in order."""

    def __init__(
        self,
        name: str,
        ear: Ear,
        wanted: Wanted,
        voiced: Callable[[bytes], bool],
        tell: Tell,
    ) -> None:
        self._name = name
        self._ear = ear
        self._wanted = wanted
        self._tell = tell
        self._cut = Utterances(voiced, silence=wanted.silence, longest=wanted.longest)
        self._pending = bytearray()
        self._carry = b""
        # An ear may be slower than speech for a while: the socket is read on meanwhile.
        self._work: asyncio.Queue[Work] = asyncio.Queue(MAX_WAITING)
        self._task = asyncio.create_task(self._listen())

    async def push(self, pcm: bytes) -> None:
        """Take PCM of any length."""
        data = self._carry + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._carry = data[whole:]
        for at in range(0, whole, FRAME_BYTES):
            await self._frame(data[at : at + FRAME_BYTES])

    async def finish(self) -> None:
        """The audio is over: an utterance that is being spoken ends, and all is told."""
        if self._cut.speaking:
            await self._flush()
            await self._work.put(("end", b""))
        await self._work.put(("stop", b""))
        await asyncio.wait({self._task})

    async def close(self) -> None:
        """Stop at once."""
        self._task.cancel()
        await asyncio.wait({self._task})
        self._ear.close()

    async def _frame(self, frame: bytes) -> None:
        cut = self._cut.push(frame)
        if cut.border == "begin":
            await self._work.put(("begin", b""))
        self._pending += cut.audio
        if cut.border == "end" or len(self._pending) >= CHUNK:
            await self._flush()
        if cut.border == "end":
            await self._work.put(("end", b""))

    async def _flush(self) -> None:
        if self._pending:
            await self._work.put(("feed", bytes(self._pending)))
            self._pending.clear()

    async def _listen(self) -> None:
        last = ""
        while True:
            kind, pcm = await self._work.get()
            try:
                match kind:
                    case "begin":
                        await self._tell(Began(self._name))
                        await self._ear.begin()
                        last = ""
                    case "feed":
                        text = await self._ear.feed(pcm)
                        if self._wanted.partials and text and text != last:
                            last = text
                            await self._tell(Partial(self._name, text, STABILITY))
                    case "end":
                        heard = await self._ear.end()
                        await self._tell(Final(self._name, heard.text, heard.confidence))
                    case _:
                        return
            except RecognitionError as error:
                await self._tell(Failed(error.code, error.message))


class Hearing:
    """All tracks of one recognition."""

    def __init__(
        self,
        engine: Engine,
        wanted: Wanted,
        voice: Callable[[], Callable[[bytes], bool]],
        tell: Tell,
    ) -> None:
        self._engine = engine
        self._wanted = wanted
        self._voice = voice
        self._tell = tell
        self._tracks: dict[str, Track] = {}

    def open(self) -> None:
        """Prepare for the tracks that are wanted; raises RecognitionError."""
        for name in self._wanted.tracks:
            ear = self._engine.open(self._wanted)
            self._tracks[name] = Track(name, ear, self._wanted, self._voice(), self._tell)

    async def push(self, name: str, pcm: bytes) -> None:
        """Take PCM of a track that is wanted; others are not heard."""
        track = self._tracks.get(name)
        if track is not None:
            await track.push(pcm)

    async def finish(self) -> None:
        """The audio is over."""
        await asyncio.gather(*(track.finish() for track in self._tracks.values()))

    async def close(self) -> None:
        """Stop at once and let the engine go."""
        await asyncio.gather(*(track.close() for track in self._tracks.values()))


def _table() -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    code = ~np.arange(256, dtype=np.int32)
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_ULAW = _table()


def pcm_of(ulaw: bytes) -> bytes:
    """Return µ-law as 16-bit PCM (ITU-T G.711)."""
    return _ULAW[np.frombuffer(ulaw, dtype=np.uint8)].tobytes()
