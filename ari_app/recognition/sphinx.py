"""The embedded engine: PocketSphinx with the English model that its package carries.

It works offline and quickly, and it is no match for a neural model: with ``hints`` (or
``speechModel="numbers_and_commands"``) it looks for those phrases alone, and finds the most of
them; without, it takes dictation from a large vocabulary, and four words in five are wrong: its
model is for 16 kHz audio, and a telephone's has half the band.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import soxr

from ari_app.recognition.engine import Heard, RecognitionError
from ari_app.recognition.grammar import COMMANDS, NUMBERS, grammar
from ari_app.recognition.messages import RATE, Wanted

MODEL_RATE = 16_000
#: A little noise (of full scale 32768): the model has never met digital silence.
DITHER = 16.0
#: Cost of each further word of a grammar: at the default, noise becomes short words. Of 24
#: hinted phrases by three synthetic voices 18 are right with it, of 15 rows of digits 5.
WORD_PENALTY = 0.002
#: Twilio: speech recognition degraded.
DEGRADED = 13340
BAD_LANGUAGE = 13331


class SphinxEngine:
    """Decoders are made when first needed and used again; ``limit`` bounds them."""

    name = "pocketsphinx"

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        # By whether they take dictation: the large vocabulary costs 70 MB each.
        self._free: dict[bool, list[Any]] = {True: [], False: []}
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sphinx")

    def open(self, wanted: Wanted) -> SphinxEar:
        """Return an ear; raises RecognitionError 13331 for another language, 13340 when busy."""
        if wanted.language.split("-")[0].lower() not in ("en", ""):
            raise RecognitionError(
                BAD_LANGUAGE, f"the embedded recogniser knows English only, not {wanted.language}"
            )
        if self._used >= self._limit:
            raise RecognitionError(DEGRADED, f"all {self._limit} recognisers are busy")
        self._used += 1
        return SphinxEar(self, wanted)

    async def run(self, work: Any, *args: Any) -> Any:
        """Run something of a decoder beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    def take(self, wanted: Wanted) -> Any:
        """Return a decoder set up for what is wanted."""
        from pocketsphinx import Decoder  # noqa: PLC0415 - 40 MB that few processes need

        expected = (*wanted.hints, *((*NUMBERS, *COMMANDS) if wanted.numbers else ()))
        if expected:
            decoder = self._pop(False) or Decoder(
                samprate=MODEL_RATE, loglevel="FATAL", lm=None, wip=WORD_PENALTY
            )
            jsgf = grammar(expected, lambda word: decoder.lookup_word(word) is not None)
            if jsgf is not None:
                decoder.add_jsgf_string("hints", jsgf)
                decoder.activate_search("hints")
                return decoder
            self._free[False].append(decoder)
        return self._pop(True) or Decoder(samprate=MODEL_RATE, loglevel="FATAL")

    def give_back(self, decoder: Any) -> None:
        """Take a decoder back, or None of an ear that had none yet."""
        self._used -= 1
        if decoder is not None:
            dictates = decoder.current_search() != "hints"
            self._free[dictates].append(decoder)

    def _pop(self, dictates: bool) -> Any:
        return self._free[dictates].pop() if self._free[dictates] else None


class SphinxEar:
    """One track."""

    def __init__(self, engine: SphinxEngine, wanted: Wanted) -> None:
        self._engine = engine
        self._wanted = wanted
        self._decoder: Any = None
        self._upward: Any = None
        self._noise = np.random.default_rng(0)
        self._busy = asyncio.Lock()
        self._hearing = False
        self._closed = False

    async def begin(self) -> None:
        """Start an utterance."""
        async with self._busy:
            if self._decoder is None:
                self._decoder = await self._engine.run(self._engine.take, self._wanted)
            self._upward = soxr.ResampleStream(RATE, MODEL_RATE, 1, dtype="int16")
            await self._engine.run(self._decoder.start_utt)
            self._hearing = True

    async def feed(self, pcm: bytes) -> str:
        """Decode some of it."""
        async with self._busy:
            await self._engine.run(self._decode, pcm, False)
            hypothesis = self._decoder.hyp() if self._wanted.partials else None
            return str(hypothesis.hypstr) if hypothesis else ""

    async def end(self) -> Heard:
        """Finish the utterance."""
        async with self._busy:
            self._hearing = False
            return await self._engine.run(self._finish)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Give the decoder back, once it is not at work."""
        if not self._closed:
            self._closed = True
            self._returning = asyncio.ensure_future(self._return())

    async def _return(self) -> None:
        async with self._busy:
            decoder, self._decoder = self._decoder, None
            if decoder is not None and self._hearing:
                await self._engine.run(decoder.end_utt)
            self._engine.give_back(decoder)

    def _decode(self, pcm: bytes, last: bool) -> None:
        samples = self._upward.resample_chunk(np.frombuffer(pcm, dtype=np.int16), last=last)
        noisy = samples + self._noise.normal(0.0, DITHER, len(samples))
        data = np.clip(noisy, -32768, 32767).astype(np.int16).tobytes()
        if data:
            self._decoder.process_raw(data)

    def _finish(self) -> Heard:
        self._decode(b"", True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        text = str(hypothesis.hypstr) if hypothesis else ""
        return Heard(text, _confidence(self._decoder) if text else None)


def _confidence(decoder: Any) -> float | None:
    """Return the mean posterior of the words, silence and noise left out."""
    found = [
        decoder.get_logmath().exp(segment.prob)
        for segment in decoder.seg()
        if not segment.word.startswith(("<", "["))
    ]
    return round(min(1.0, sum(found) / len(found)), 4) if found else None
