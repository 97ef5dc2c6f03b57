"""Collecting input from a caller: keys and, beside them, whatever listens for speech.

Twilio: ``<Gather>``. An `Entry` is what comes in; keys and speech feed the same one, and
whichever is first decides. `gather` plays the prompt and waits for the end of the input.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from ari_app.call.context import CallContext
from ari_app.errors import TwilioError
from twiml import Gather

log = structlog.get_logger(__name__)

#: Keys of one input without ``numDigits``: more than anybody types, and a bound.
MAX_DIGITS = 1000


@dataclass(frozen=True, slots=True)
class Speech:
    """What was said; ``confidence`` from 0 to 1, None when the engine does not tell."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came in: ``digits`` without the key that ended them, or ``speech``, or nothing."""

    digits: str = ""
    finished_on_key: str = ""
    speech: Speech | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was collected; a finish key alone is nothing."""
        return not self.digits and (self.speech is None or not self.speech.text)


class Entry:
    """The input of one ``<Gather>`` as it comes in.

    Keys decide when they are first, and speech when it is; the other is ignored from then on.
    """

    def __init__(self, verb: Gather) -> None:
        self._finish_on_key = verb.finish_on_key
        self._num_digits = verb.num_digits or MAX_DIGITS
        self._loop = asyncio.get_running_loop()
        self._digits = ""
        self._finished_on_key = ""
        self._speech: Speech | None = None
        #: Set when the caller has begun to type or to speak: the prompt stops.
        self.begun = asyncio.Event()
        #: Set when the input is complete.
        self.complete = asyncio.Event()
        #: Whether the caller is speaking: no time-out then, the listener finds the end.
        self.speaking = False
        #: When something came in last (the loop's time).
        self.last = self._loop.time()
        self._changed = asyncio.Event()

    def key(self, digit: str) -> None:
        """Take a key of the caller."""
        if self.speaking or self.complete.is_set():
            return
        if self._finish_on_key and digit == self._finish_on_key:
            self._finished_on_key = digit
            self.complete.set()
        else:
            self._digits += digit
            if len(self._digits) >= self._num_digits:
                self.complete.set()
        self._tell()

    def speech_began(self) -> bool:
        """The caller begins to speak; False when keys came first and speech does not count."""
        if self._digits or self.complete.is_set():
            return False
        self.speaking = True
        self._tell()
        return True

    def speech_ended(self, speech: Speech | None) -> None:
        """The utterance is over; None or no words: that was noise, and waiting goes on."""
        if not self.speaking:
            return
        self.speaking = False
        if speech is not None and speech.text:
            self._speech = speech
            self.complete.set()
        self._tell()

    def result(self) -> Gathered:
        """Return what has come in so far."""
        return Gathered(self._digits, self._finished_on_key, self._speech)

    async def wait(self, seconds: float) -> None:
        """Return when the input is complete, or nothing has come in for ``seconds``."""
        self.last = self._loop.time()
        while not self.complete.is_set():
            self._changed.clear()
            try:
                async with asyncio.timeout_at(None if self.speaking else self.last + seconds):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _tell(self) -> None:
        self.last = self._loop.time()
        self.begun.set()
        self._changed.set()


#: Listens to the caller and feeds ``Entry.speech_began`` and ``speech_ended``; it is cancelled
#: at the end of the input. What it raises is reported and leaves the keys.
Listener = Callable[[CallContext, Gather, Entry], Awaitable[None]]
Prompt = Callable[[], Awaitable[None]]


async def gather(
    ctx: CallContext, verb: Gather, prompt: Prompt, listen: Listener | None = None
) -> Gathered:
    """Play ``prompt`` and collect input from its first moment on; returns what came in.

    Input stops the prompt, unless ``bargeIn`` is false. ``timeout`` counts from the prompt's
    end and again from each key. Raises what the prompt raises.
    """
    entry = Entry(verb)
    silence = ctx.leg.listen(entry.key) if "dtmf" in verb.input else None
    playing = asyncio.ensure_future(prompt())
    listening = asyncio.ensure_future(_listen(ctx, verb, entry, listen)) if listen else None
    try:
        await _until_over(playing, entry, verb.barge_in)
        await entry.wait(verb.timeout)
        return entry.result()
    finally:
        if silence is not None:
            silence()
        await _stop(playing)
        if listening is not None:
            await _stop(listening)


async def _until_over(playing: asyncio.Future[None], entry: Entry, barge_in: bool) -> None:
    """Wait for the prompt's end; input stops it. Raises what the prompt raises."""
    begun = asyncio.ensure_future(entry.begun.wait())
    try:
        waiting: set[asyncio.Future[object]] = {playing, begun} if barge_in else {playing}  # type: ignore[arg-type]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        begun.cancel()
    if playing.done():
        playing.result()
    else:
        await _stop(playing)


async def _listen(ctx: CallContext, verb: Gather, entry: Entry, listen: Listener) -> None:
    try:
        await listen(ctx, verb, entry)
    except TwilioError as error:
        ctx.problem(error)
    finally:
        entry.speech_ended(None)


async def _stop(task: asyncio.Future[None]) -> None:
    """Cancel a task and wait until it has cleaned up; its failure is logged, not raised."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()):
        log.info("gather.part_failed", error=repr(error))
