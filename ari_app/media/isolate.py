"""Conversion of files from elsewhere in a child process with bounded memory and time."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from ari_app.media.convert import Kind, UnusableAudio

TIMEOUT_SECONDS = 120.0

_ROOT = Path(__file__).resolve().parents[2]


class _Answer(msgspec.Struct):
    length: int = 0
    unusable: str = ""
    failed: str = ""
    errno: int = 0


async def convert_isolated(source: Path, kind: Kind, target: Path) -> int:
    """Do ``convert`` in a child process, killed when the time is over or on cancellation.

    Raises UnusableAudio (also when the decoder crashes or runs over its bounds), OSError.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ari_app.media.convert",
        str(source),
        kind,
        str(target),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # decoders chatter about every damaged frame
        # One thread, few arenas: the memory bound counts address space.
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(_ROOT),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        },
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError as error:
        raise UnusableAudio(f"not decoded within {TIMEOUT_SECONDS:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        answer = msgspec.json.decode(output, type=_Answer)
    except msgspec.DecodeError as error:
        raise UnusableAudio(f"the decoder died ({process.returncode})") from error
    if answer.unusable:
        raise UnusableAudio(answer.unusable)
    if answer.failed:
        raise OSError(answer.errno, answer.failed)
    return answer.length
