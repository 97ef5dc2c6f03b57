"""Records RTP on loopback and reads it back with tshark: the neutral witness of a call.

Neither side of the call takes part, so its bytes prove what was on the wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ari_app.testing import rtp
from ari_app.testing.rtp import RtpPacket, RtpReport

INSTALL_HINT = "tshark is not installed: apt-get install tshark and let dumpcap capture"

_FIELDS = (
    "frame.time_epoch",
    "ip.src",
    "udp.srcport",
    "ip.dst",
    "udp.dstport",
    "rtp.p_type",
    "rtp.marker",
    "rtp.seq",
    "rtp.timestamp",
    "rtp.ssrc",
    "rtp.payload",
)


class CaptureError(Exception):
    """Capturing is not possible here, or stopped by itself; the message has dumpcap's words."""


@dataclass(frozen=True, slots=True)
class Captured:
    """The RTP of one direction, in the order of the wire."""

    packets: tuple[RtpPacket, ...]

    @property
    def audio(self) -> bytes:
        """G.711 bytes in sequence order."""
        return rtp.audio_of(self.packets)

    @property
    def report(self) -> RtpReport:
        """Loss, doubles, disorder."""
        return rtp.report_of(self.packets)

    def cut(self, needle: bytes) -> bytes:
        """Return the part of the audio that equals ``needle``, found by its first frame.

        Empty when the first frame was never heard: compare the result's checksum with the
        source's, as fixed time windows cannot be trusted.
        """
        start = self.audio.find(needle[: rtp.FRAME_BYTES])
        return self.audio[start : start + len(needle)] if start >= 0 else b""


class Capture:
    """One running capture of some UDP ports on loopback. Made by :meth:`start`."""

    def __init__(self, ports: tuple[int, ...], folder: Path) -> None:
        self._ports = ports
        self._folder = folder
        self._file = folder / "capture.pcap"
        self._process: asyncio.subprocess.Process | None = None
        self._beacon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._beacon.bind(("127.0.0.1", 0))

    @classmethod
    async def start(cls, ports: Iterable[int], interface: str = "lo") -> Capture:
        """Capture all UDP from and to ``ports``; returns when packets are really being seen.

        Raises CaptureError when tshark is missing or may not capture.
        """
        dumpcap, tshark = shutil.which("dumpcap"), shutil.which("tshark")
        if dumpcap is None or tshark is None:
            raise CaptureError(INSTALL_HINT)
        self = cls(tuple(ports), Path(tempfile.mkdtemp(prefix="ariswitch-capture-")))
        beacon = self._beacon.getsockname()[1]
        wanted = " or ".join(f"port {port}" for port in (*self._ports, beacon))
        words = os.open(self._folder / "stderr", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(dumpcap, "-q", "-n", "-P", "-i", interface, "-B", "16"),
                *("-f", f"udp and ({wanted})", "-w", str(self._file)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=words,
                start_new_session=True,
            )
            await self._seen()
        except BaseException:
            await self.close()
            raise
        finally:
            os.close(words)
        return self

    @property
    def file(self) -> Path:
        """The pcap, whole after :meth:`stop`; it goes with the capture."""
        return self._file

    async def stop(self) -> None:
        """End the capture; everything sent before this call is in it."""
        if self._process is not None and self._process.returncode is None:
            await self._seen()
            self._process.send_signal(signal.SIGINT)
            await self._process.wait()

    async def packets(self) -> list[RtpPacket]:
        """Stop if need be and return all RTP packets captured, both directions."""
        await self.stop()
        decode = [part for port in self._ports for part in ("-d", f"udp.port=={port},rtp")]
        fields = [part for field in _FIELDS for part in ("-e", field)]
        process = await asyncio.create_subprocess_exec(
            *("tshark", "-n", "-r", str(self._file), *decode, "-Y", "rtp"),
            *("-T", "fields", "-E", "separator=/t", "-E", "occurrence=f", *fields),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            raise CaptureError(f"tshark cannot read the capture: {err.decode(errors='replace')}")
        return [_packet(line.split("\t")) for line in out.decode().splitlines()]

    async def sent_to(self, port: int) -> Captured:
        """Stop and return what went to ``port``."""
        return Captured(tuple(p for p in await self.packets() if p.target[1] == port))

    async def sent_from(self, port: int) -> Captured:
        """Stop and return what came from ``port``."""
        return Captured(tuple(p for p in await self.packets() if p.source[1] == port))

    async def close(self) -> None:
        """Kill the capture if it runs and remove its files; may be called many times."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._beacon.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _seen(self) -> None:
        """Send a datagram of our own until it is in the file.

        dumpcap says that it captures before it does, and drops what the kernel still holds
        when it is told to stop: only a packet read back is proof, at both ends.
        """
        word = secrets.token_bytes(16)
        target = self._beacon.getsockname()
        for attempt in range(400):
            if self._process is None or self._process.returncode is not None:
                raise CaptureError(f"dumpcap ended: {self._words()}")
            if attempt % 10 == 0:
                self._beacon.sendto(word, target)
            await asyncio.sleep(0.025)
            if _contains(self._file, word):
                return
        raise CaptureError(f"nothing captured in 10 s: {self._words()}")

    def _words(self) -> str:
        return (self._folder / "stderr").read_text(errors="replace").strip()


def _contains(file: Path, word: bytes) -> bool:
    """Whether the tail of the file has the word; a beacon is always among the newest packets."""
    if not file.exists():
        return False
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - 4_000_000))
        return word in stream.read()


def _packet(row: list[str]) -> RtpPacket:
    return RtpPacket(
        arrived=float(row[0]),
        source=(row[1], int(row[2])),
        target=(row[3], int(row[4])),
        payload_type=int(row[5]),
        marker=row[6] in {"1", "True"},
        sequence=int(row[7]),
        timestamp=int(row[8]),
        ssrc=int(row[9], 16),
        payload=bytes.fromhex(row[10].replace(":", "")),
    )


def md5(data: bytes) -> str:
    """MD5 in hexadecimal, as the replaced switch's test compares audio."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
