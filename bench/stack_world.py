"""What is around the stack under load: callers, webhook and bot (C), SIPp, and the clocks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from ari_app.testing.sipp import Sipp
from bench.processes import HERE, compile_c, resident

#: Seconds that anything but a measurement may take.
PATIENCE = 60.0
#: Above the priorities of the node's own processes.
REAL_TIME = 50


class Outside:
    """``bench/outside.c``: callers' audio, webhook, bot, bare echo. Ends with its context."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.port = 0
        self.echo_port = 0
        self.rtp_ports: list[int] = []
        #: When the bot got each caller's `start` message, seconds since the epoch.
        self.starts: dict[int, float] = {}
        #: Callers that have heard something.
        self.talking: set[int] = set()
        self._windows: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, callers: int) -> Outside:
        """Build and start it for so many callers."""
        process = await asyncio.create_subprocess_exec(
            await asyncio.to_thread(compile_c, "outside"),
            str(callers),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        # Callers are machines of their own: where we may, theirs is never late. A late one would
        # catch up in a burst, which stays in the bot's buffer as latency for the whole call.
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(process.pid, os.SCHED_RR, os.sched_param(REAL_TIME))
        self = cls(process)
        hello = await self._line()
        self.port, self.echo_port = hello["port"], hello["echo_port"]
        self.rtp_ports = hello["rtp_ports"]
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        if self._reader is not None:
            self._reader.cancel()

    def voice_url(self, kind: str) -> str:
        """Return the webhook that answers with a stream of ``kind``: echo or clear."""
        return f"http://127.0.0.1:{self.port}/voice/{kind}"

    def kick(self, port: int) -> None:
        """Send the first packet of a call that the bare echo answers."""
        self._order(f"kick {port}")

    async def all_talking(self, callers: int) -> None:
        """Wait until so many callers hear and talk; raises TimeoutError."""
        await self._until(lambda: len(self.talking) >= callers)

    async def measure(self, seconds: float) -> dict[str, Any]:
        """Return what a window of so many seconds showed."""
        self._order(f"measure {seconds}")
        async with asyncio.timeout(seconds + PATIENCE):
            return await self._windows.get()

    async def _until(self, done: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done():
                self._news.clear()
                await self._news.wait()

    def _order(self, text: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("no pipe")
        self._process.stdin.write(text.encode() + b"\n")

    async def _line(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError("no pipe")
        line = await self._process.stdout.readline()
        if not line:
            code = await self._process.wait()
            raise RuntimeError(f"bench/outside.c died: {code} (a signal when negative)")
        answer: dict[str, Any] = msgspec.json.decode(line)
        return answer

    async def _read(self) -> None:
        while True:
            line = await self._line()
            if "seconds" in line:
                self._windows.put_nowait(line)
            elif "start" in line:
                self.starts[line["start"]] = line["at"]
            else:
                self.talking.add(line["talking"])
            self._news.set()


async def place_calls(
    target: tuple[str, int],
    number: str,
    outside: Outside,
    folder: Path,
    *,
    calls: int,
    rate: int,
    seconds: float,
) -> Sipp:
    """Let SIPp place ``calls`` calls of ``seconds`` each, ``rate`` a second."""
    rows = [f"{user(index)};{port};" for index, port in enumerate(outside.rtp_ports[:calls])]
    table = folder / "callers.csv"
    table.write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
    return await Sipp.start(
        HERE / "calls.xml",
        target,
        number=number,
        calls=calls,
        rate=rate,
        duration_ms=int(seconds * 1000),
        timeout=seconds + calls / rate + PATIENCE,
        more=["-inf", str(table), "-l", str(calls)],
    )


def user(index: int) -> str:
    """Return the number that a caller calls from; its last six digits are its index."""
    return f"+1555{index:06d}"


class Meter:
    """CPU time and memory of processes, by name."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.pids = dict(pids)
        #: Length of the last lap, seconds.
        self.passed = 0.0
        self._before = self._read()
        self._at = time.monotonic()

    def _read(self) -> dict[str, float]:
        # The kernel's clock of another process: all its threads, user and system.
        return {name: time.clock_gettime(~pid << 3 | 2) for name, pid in self.pids.items()}

    def lap(self) -> dict[str, float]:
        """Return what share of a core each has used since the last lap (1.0: all of one)."""
        now, at = self._read(), time.monotonic()
        self.passed = at - self._at
        shares = {name: (now[name] - self._before[name]) / self.passed for name in now}
        self._before, self._at = now, at
        return shares

    def memory(self) -> dict[str, int]:
        """Return the bytes that each has resident."""
        return {name: resident(pid) for name, pid in self.pids.items()}

    def files(self) -> dict[str, int]:
        """Return the number of files and sockets that each has open."""
        return {
            name: len(list(Path(f"/proc/{pid}/fd").iterdir())) for name, pid in self.pids.items()
        }
