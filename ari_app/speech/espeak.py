"""Speech by espeak-ng: one short-lived process an utterance, text through its stdin."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re

import structlog

from ari_app.errors import TwilioError
from ari_app.speech.engine import Warnings
from ari_app.speech.voices import choose

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 20.0
MAX_WAV_BYTES = 22050 * 2 * 40 * 60
"""40 minutes of espeak-ng's 22,050 Hz 16-bit mono."""
MAX_PROCESSES = 4

# Anything espeak-ng reads as a command rather than as text (its "embedded commands" start with
# SOH), and control characters that have no sound.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


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

    async def check(self, voice: str, language: str) -> Warnings:
        """Return warnings 13511 and 13512 for a voice or language espeak-ng has not."""
        return choose(voice, language, await self._known()).warnings

    async def synthesize(self, text: str, voice: str, language: str) -> bytes:
        """Return a WAV (22,050 Hz mono, 16 bit; sizes in its header are not filled in).

        The process is killed on cancellation. Raises TwilioError 12400 when espeak-ng is missing,
        fails, or exceeds its time or length.
        """
        chosen = choose(voice, language, await self._known()).voice
        arguments = ["--stdin", "--stdout", "-b", "1", "-v", chosen]
        return await self._run(arguments, _CONTROL.sub(" ", text).encode())

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
            with contextlib.suppress(ConnectionError):  # ended already: its exit code tells
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
