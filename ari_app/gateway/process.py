"""One OpenSIPS as a child process: found, started, awaited until it answers, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ari_app.gateway.errors import GatewayError, MiError
from ari_app.gateway.mi import Mi

#: Seconds that a start, and an orderly stop, may take.
START = 20.0
STOP = 15.0
#: Private memory of each process, MB: a big message and its headers, many times over.
_PRIVATE_MB = 8


def find_program(name: str) -> Path:
    """Return the OpenSIPS to run; raises GatewayError when there is none."""
    found = shutil.which(name)
    if found is None:
        raise GatewayError(f"{name} is not on PATH: install OpenSIPS 3.6")
    return Path(found).resolve()


def find_modules(program: Path, chosen: Path | None = None) -> Path:
    """Return the folder of the modules that belong to ``program``; raises GatewayError."""
    prefix = program.parent.parent
    places = [
        *([chosen] if chosen else []),
        *(prefix / lib / "opensips" / "modules" for lib in ("lib64", "lib")),
        *prefix.glob("lib/*/opensips/modules"),
    ]
    for place in places:
        if (place / "tm.so").is_file():
            return place
    raise GatewayError(f"no modules of OpenSIPS beside {program}: set ARISWITCH_GATEWAY_MODULES")


@asynccontextmanager
async def running(
    program: Path, config: Path, mi_url: str, *, memory: int = 128, log: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run OpenSIPS and yield it once its management interface answers.

    ``memory`` is shared memory in MB, ``log`` a file descriptor for its log lines (ours unless
    given). At the end it is asked to stop, and killed when it does not. Raises GatewayError when
    it does not start; its log says why.
    """
    process = await asyncio.create_subprocess_exec(
        *(str(program), "-F", "-f", str(config), "-m", str(memory), "-M", str(_PRIVATE_MB)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=config.parent,
        start_new_session=True,
    )
    try:
        await _answering(process, mi_url)
        yield process
    finally:
        await stop(process)


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ask the process to stop, wait, kill it and its children when it does not."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP):
                await process.wait()
    # Children of one that was killed stay, keep its ports and listen to no SIGTERM.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _answering(process: asyncio.subprocess.Process, mi_url: str) -> None:
    async with Mi.connect(mi_url) as mi:
        try:
            async with asyncio.timeout(START):
                while process.returncode is None:
                    try:
                        await mi.uptime()
                        return
                    except MiError:
                        await asyncio.sleep(0.05)
        except TimeoutError:
            raise GatewayError("OpenSIPS started but does not answer") from None
    raise GatewayError(f"OpenSIPS did not start (exit code {process.returncode}); its log says why")
