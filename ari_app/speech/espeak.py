"""Speech by espeak-ng: one short-lived process an utterance, text through its stdin."""

from __future__ import annotations

import asyncio
import contextlib
import os

from ari_app.errors import TwilioError
from ari_app.speech.engine import Part, Plan, Utterance
from ari_app.speech.espeak_markup import clean, write
from ari_app.speech.espeak_voices import choose, find, variant
from ari_app.speech.plain import spoken
from ari_app.speech.ssml import split

TIMEOUT_SECONDS = 20.0
MAX_WAV_BYTES = 22050 * 2 * 40 * 60
"""40 minutes of espeak-ng's 22,050 Hz 16-bit mono."""
MAX_PROCESSES = 4


class EspeakEngine:
    """espeak-ng, found on PATH or at ``program``; at most four utterances at a time."""

    name = "espeak-ng"

    def __init__(self, program: str = "espeak-ng", *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._program = program
        self._timeout = timeout
        self._slots = asyncio.Semaphore(MAX_PROCESSES)
        self._version = ""
        self._languages: frozenset[str] = frozenset()

    async def version(self) -> str:
        """Return the program's version. Raises TwilioError 12400 when it cannot be run."""
        if not self._version:
            words = (await self._run(["--version"], b"")).decode(errors="replace").split("Data")[0]
            self._version = words.rpartition(":")[2].strip()
        return self._version

    async def plan(self, utterance: Utterance) -> Plan:
        """Choose the nearest voice and write the markup anew; breaks become silences.

        Warns with 13512 about a language that espeak-ng has not.
        """
        known = await self._known()
        voice, warnings = choose(utterance.voice, known)
        if utterance.markup is None:
            return Plan(voice, (clean(utterance.text),), warnings=warnings)
        tone = variant(utterance.voice)

        def voice_of(language: str) -> str:
            name = find(language, known)
            return f"{name}+{tone}" if name else ""

        parts: list[Part] = [
            piece if isinstance(piece, float) else write(piece, utterance.voice.language, voice_of)
            for piece in split(utterance.markup)
        ]
        return Plan(voice, tuple(parts), ("ssml",), warnings)

    async def synthesize(self, plan: Plan) -> bytes:
        """Return a WAV (22,050 Hz mono, 16 bit; sizes in its header may not be filled in).

        The process is killed on cancellation. Raises TwilioError 12400 when espeak-ng is missing,
        fails, or exceeds its time or length.
        """
        arguments = ["--stdin", "--stdout", "-b", "1", "-v", plan.voice]
        if "ssml" in plan.options:
            arguments.append("-m")

        async def say(text: str) -> bytes:
            return await self._run(arguments, text.encode())

        return await spoken(plan.parts, say)

    async def _known(self) -> frozenset[str]:
        if not self._languages:
            table = (await self._run(["--voices"], b"")).decode(errors="replace")
            rows = [line.split() for line in table.splitlines()[1:]]
            self._languages = frozenset(row[1].lower() for row in rows if len(row) > 1)
        return self._languages

    async def _run(self, arguments: list[str], text: bytes) -> bytes:
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._talk(arguments, text)
            except TimeoutError as error:
                raise TwilioError(
                    12400, f"{self._program} gave no speech within {self._timeout:g} s"
                ) from error
            except OSError as error:
                raise TwilioError(12400, f"cannot run {self._program}: {error}") from error

    async def _talk(self, arguments: list[str], text: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            self._program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        )
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        try:
            # It reads everything before it speaks, so writing first cannot block for ever.
            # Ended already, its exit code tells: uvloop calls a write to it a RuntimeError.
            with contextlib.suppress(ConnectionError, RuntimeError):
                if text:
                    process.stdin.write(text)
                    await process.stdin.drain()
                process.stdin.close()
            output = bytearray()
            while part := await process.stdout.read(1 << 16):
                output += part
                if len(output) > MAX_WAV_BYTES:
                    raise TwilioError(12400, "speech longer than 40 minutes")
            if await process.wait() != 0:
                raise TwilioError(12400, f"{self._program} failed ({process.returncode})")
            return bytes(output)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
