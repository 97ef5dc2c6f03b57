"""Runs SIPp: a scenario, its keys, and what came of it, message by message.

SIPp writes its message log into a pipe, so a test can wait for the 200 and read its SDP
instead of sleeping. SIPp only signals; audio is judged by ``rtp_probe`` or ``capture`` (B-34).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from ari_app.testing.sip_bye import ByeError, bye
from ari_app.testing.sip_message import Message

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
START_ATTEMPTS = 5
INSTALL_HINT = "SIPp is not installed: apt-get install sip-tester (Debian), brew install sipp"

_LAWS = {"ulaw": ("0", "PCMU"), "alaw": ("8", "PCMA")}
_EXIT = {
    0: "all calls went as written",
    1: "a call did not go as written",
    97: "ended on command",
    99: "no call was made",
    254: "could not bind a socket",
    255: "timed out, or a fatal error",
}
_HEAD = re.compile(
    rb"-{20,} (?P<time>\d{4}-\d\d-\d\d)[ \t]+(?P<clock>\d\d:\d\d:\d\d\.\d+)[^\n]*\n"
    rb"\w+ message (?P<direction>sent|received) [\[(](?P<size>\d+)[^\n]*\n\n"
)


class SippMissingError(Exception):
    """SIPp is not on the path; the message says how to install it."""


class SippError(Exception):
    """SIPp ended, or time ran out, before what was waited for happened."""


@dataclass(frozen=True, slots=True)
class SipMessage(Message):
    """One SIP message as SIPp logged it. ``time`` is seconds since the epoch, to microseconds."""

    time: float
    direction: Literal["sent", "received"]


@dataclass(frozen=True, slots=True)
class SippResult:
    """How a run ended."""

    exit_code: int
    errors: tuple[str, ...]
    messages: tuple[SipMessage, ...]

    @property
    def ok(self) -> bool:
        """Whether every call went as the scenario says."""
        return self.exit_code == 0

    def check(self) -> Self:
        """Return self, or raise SippError with SIPp's own errors and the messages seen."""
        if not self.ok:
            meaning = _EXIT.get(self.exit_code, "ended by a signal")
            seen = " | ".join(f"{m.direction} {m.start_line}" for m in self.messages)
            raise SippError(
                f"SIPp exit code {self.exit_code} ({meaning}): {'; '.join(self.errors)} [{seen}]"
            )
        return self

    @property
    def final_status(self) -> int | None:
        """Last final answer to an INVITE; None when there was none."""
        codes = [m.status for m in self.messages if m.method == "INVITE" and m.status]
        return next((code for code in reversed(codes) if code >= 200), None)


class Sipp:
    """One SIPp process that runs one scenario. Made by :meth:`start`; ends with its context."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int) -> None:
        self.messages: list[SipMessage] = []
        self.port = port
        self._process = process
        self._folder = folder
        self._log = bytearray()
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._hung_up = False

    @classmethod
    async def start(
        cls,
        scenario: str | Path,
        target: tuple[str, int] | None = None,
        *,
        number: str = "",
        law: Literal["ulaw", "alaw"] = "ulaw",
        probe: tuple[str, int] = ("127.0.0.1", 9),
        keys: Mapping[str, str | int] | None = None,
        duration_ms: int = 0,
        calls: int = 1,
        rate: int = 10,
        timeout: float = 60.0,  # noqa: ASYNC109 - SIPp's own limit, not of this coroutine
        host: str = "127.0.0.1",
        port: int = 0,
        media_port: int = 0,
        more: Sequence[str] = (),
    ) -> Sipp:
        """Start SIPp and return at once (a called side: as soon as its port is open).

        ``scenario`` is a path or the name of a file in ``scenarios/``; ``target`` is where a
        caller calls, None for a called side; ``probe`` is the RTP address put into the SDP;
        ``keys`` fill ``[name]`` and ``@name@`` in the scenario; ``duration_ms`` is the length
        of its ``<pause/>``; after ``timeout`` seconds SIPp gives up and the run has failed;
        ``more`` are options of SIPp's own. Raises SippMissingError.
        """
        binary = shutil.which("sipp")
        if binary is None:
            raise SippMissingError(INSTALL_HINT)
        path = scenario if isinstance(scenario, Path) else SCENARIOS / f"{scenario}.xml"
        values = _values(law, probe, keys or {})
        fixed = [
            *("-s", number or "service", "-i", host, "-mi", host),
            *("-m", str(calls), "-r", str(rate), "-d", str(duration_ms)),
            *("-timeout", f"{timeout:.0f}s", "-timeout_error"),
            *(part for pair in values.items() for part in ("-key", *pair)),
            *more,
        ]
        where = [f"{target[0]}:{target[1]}"] if target else []
        command = [binary, *where, "-sf", path.name, *fixed]
        # A port that was free may be taken before SIPp binds it: then it is tried with others.
        for attempts_left in range(START_ATTEMPTS - 1, -1, -1):
            sip, media, control = (free_port(host) for _ in range(3))
            if len({sip, media, control}) < 3:
                continue
            sip, media = port or sip, media_port or media
            ports = ["-p", str(sip), "-mp", str(media), "-cp", str(control)]
            try:
                return await cls._run([*command, *ports], _folder(path, values), host, sip)
            except SippError as error:
                if not attempts_left or "already in use" not in str(error):
                    raise
        raise AssertionError("unreachable")

    @classmethod
    async def _run(cls, command: list[str], folder: Path, host: str, port: int) -> Sipp:
        """Start one SIPp process and wait until it holds its port; raises SippError."""
        process, log = await _spawn(command, folder)
        self = cls(process, folder, port)
        self._reader = asyncio.create_task(self._read(log))
        try:
            await self._bound(host)
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def wait_for(self, wanted: Callable[[SipMessage], bool]) -> SipMessage:
        """Wait for the first message that ``wanted`` accepts; one logged already counts.

        Raises SippError when SIPp ends without it, which its own timeout makes certain.
        """
        looked_at = 0
        while True:
            for message in self.messages[looked_at:]:
                looked_at += 1
                if wanted(message):
                    return message
            if self._reader is None or self._reader.done():
                result = (await self.result()).check()
                raise SippError(f"the call ended first: {result.messages[-1].start_line}")
            self._news.clear()
            await self._news.wait()

    async def answered(self) -> SipMessage:
        """Wait for the 200 to the INVITE (received by a caller, sent by a called side)."""
        return await self.wait_for(lambda m: m.status == 200 and m.method == "INVITE")

    async def established(self) -> SipMessage:
        """Wait for the ACK. RTP sent before it is lost on a called side that answers late."""
        return await self.wait_for(lambda m: m.method == "ACK")

    async def remote_media(self) -> tuple[str, int]:
        """Wait for the other side's SDP; return where it wants RTP."""
        found = await self.wait_for(lambda m: m.direction == "received" and m.media is not None)
        assert found.media is not None  # noqa: S101 - just asked for
        return found.media

    async def hang_up(self) -> None:
        """End the answered call now with a BYE, then SIPp; its result is a success.

        For UDP, and for scenarios that wait for the other side's BYE. Raises SippError when
        the other side refuses the BYE or does not answer it.
        """
        ok = await self.answered()
        invite = next(m for m in self.messages if m.status is None and m.method == "INVITE")
        # A SIPp on the other side answers to where the INVITE came from, whatever Via says.
        asked = asyncio.create_task(bye(invite, ok))
        seen = asyncio.create_task(self.wait_for(lambda m: m.status == 200 and m.method == "BYE"))
        try:
            await asyncio.wait({asked, seen}, return_when=asyncio.FIRST_COMPLETED)
            status = 200 if seen.done() and not seen.exception() else await asked
        except ByeError as error:
            raise SippError(str(error)) from error
        finally:
            asked.cancel()
            seen.cancel()
            await asyncio.gather(asked, seen, return_exceptions=True)
        if status != 200:
            raise SippError(f"the BYE was answered {status}")
        self._hung_up = True
        self._kill()

    async def result(self) -> SippResult:
        """Wait for SIPp to end; its own timeout bounds this."""
        code = await self._process.wait()
        code = 0 if self._hung_up else code
        if self._reader is not None:
            await self._reader
        log = self._folder / "errors.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        screen = self._folder / "screen"
        if code not in (0, 1, 97) and not text and screen.exists():
            text = screen.read_text(errors="replace")[-2000:]
        return SippResult(code % 256, _errors(text), tuple(self.messages))

    async def stop(self) -> None:
        """Kill SIPp if it still runs and remove its files; may be called many times."""
        self._kill()
        await self._process.wait()
        if self._reader is not None:
            await self._reader
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kill(self) -> None:
        if self._process.returncode is None:
            # A session of its own: what SIPp has started goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _bound(self, host: str) -> None:
        """Wait until SIPp holds its SIP port: it says so nowhere, the kernel's table does."""
        while self._process.returncode is None:
            if _holds(self._process.pid, host, self.port):
                return
            await asyncio.sleep(0.005)
        result = await self.result()
        if result.messages:
            return  # A short scenario may be over before we look.
        raise SippError(f"SIPp did not start: {result.errors}")

    async def _read(self, pipe: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb", 0)
        )
        try:
            while data := await reader.read(65536):
                self._log += data
                self._parse()
                self._news.set()
        finally:
            transport.close()
            self._news.set()

    def _parse(self) -> None:
        while head := _HEAD.search(self._log):
            end = head.end() + int(head["size"])
            if len(self._log) < end:
                return
            when = f"{head['time'].decode()} {head['clock'].decode()}"
            self.messages.append(
                SipMessage(
                    time=datetime.fromisoformat(when).astimezone().timestamp(),
                    direction="sent" if head["direction"] == b"sent" else "received",
                    text=self._log[head.end() : end].decode(errors="replace"),
                )
            )
            del self._log[:end]


def _values(
    law: Literal["ulaw", "alaw"], probe: tuple[str, int], keys: Mapping[str, str | int]
) -> dict[str, str]:
    """Return what fills the places of a scenario: the usual, then ``keys``."""
    law_pt, law_name = _LAWS[law]
    return {
        "law_pt": law_pt,
        "law_name": law_name,
        "probe_host": probe[0],
        "probe_port": str(probe[1]),
        "from_user": "+15557000",
        "code": "603",
        "reason": "Decline",
        "dtmf_pcap": "/usr/share/sip-tester/dtmf_2833_1.pcap",
    } | {key: str(value) for key, value in keys.items()}


def _folder(scenario: Path, values: Mapping[str, str]) -> Path:
    """Make the run's own folder, in it the scenario with its ``@name@`` filled."""
    text = scenario.read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    folder = Path(tempfile.mkdtemp(prefix="ariswitch-sipp-"))
    (folder / scenario.name).write_text(text)
    return folder


async def _spawn(command: list[str], folder: Path) -> tuple[asyncio.subprocess.Process, int]:
    """Start SIPp in ``folder``; return it and the pipe that its message log comes through."""
    screen = os.open(folder / "screen", os.O_WRONLY | os.O_CREAT, 0o600)
    read_end, write_end = os.pipe()
    logs = [
        *("-nostdin", "-trace_msg", "-message_file", f"/dev/fd/{write_end}"),
        *("-trace_err", "-error_file", str(folder / "errors.log")),
    ]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            *logs,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=screen,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(write_end,),
            start_new_session=True,
        )
    except BaseException:
        os.close(read_end)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(write_end)
        os.close(screen)
    return process, read_end


async def run(
    scenario: str | Path, target: tuple[str, int] | None = None, **options: Any
) -> SippResult:
    """Run one scenario to its end; options as :meth:`Sipp.start`. Cancelling kills SIPp."""
    async with await Sipp.start(scenario, target, **options) as sipp:
        return await sipp.result()


def _errors(log: str) -> tuple[str, ...]:
    """Cut SIPp's error log into one line an error, the quoted message to its first line."""
    entries = re.split(r"^\d{4}-\d\d-\d\d\t[^\t]+\t[\d.]+: ", log, flags=re.MULTILINE)
    first_lines = (entry.strip().partition("\n")[0].strip() for entry in entries)
    return tuple(line for line in first_lines if line and "following events" not in line)


def _holds(pid: int, host: str, port: int) -> bool:
    """Whether the process holds the UDP port; true where the kernel has no table to ask.

    That somebody holds it is not enough: it may have been taken a moment before SIPp tried.
    """
    table = Path("/proc/net/udp")
    if not table.exists():
        return True
    address = f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
    rows = (line.split() for line in table.read_text().splitlines()[1:])
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1] == address}
    with contextlib.suppress(OSError):  # it may end, or close a file, while it is looked at
        return any(str(fd.readlink()) in sockets for fd in Path(f"/proc/{pid}/fd").iterdir())
    return False


def free_port(host: str = "127.0.0.1") -> int:
    """Return an even UDP port that nobody holds now, nor its three neighbours.

    SIPp takes all four for RTP and RTCP of audio and video. Below the kernel's own choices,
    so that no other program's next socket gets it before SIPp does.
    """
    while True:
        port = random.randrange(20_000, 32_000, 4)  # noqa: S311 - a port, no secret
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for neighbour in range(port, port + 4):
                sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                sock.bind((host, neighbour))
            return port
