"""The processes of the bridge bench: the load generator, and the subjects it is put around."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec
import trustme

from stream import control

HERE = Path(__file__).parent
RESULTS = HERE / "results"

OPEN_SECONDS = 0.004
"""Between two streams that are opened."""

_CC = ("-std=gnu11", "-O2", "-Wall", "-Wextra")
_CORES = sorted(os.sched_getaffinity(0))


def compile_c(name: str) -> Path:
    """Build ``bench/<name>.c`` with the machine's compiler; return the program."""
    folder = RESULTS / "build"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    source = HERE / f"{name}.c"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, *_CC, "-o", program, source, "-lssl", "-lcrypto"], check=True)
    return program


class Certificates:
    """A certificate for 127.0.0.1 and the authority that vouches for it, as files."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        server = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
        self.authority = folder / "authority.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        authority.cert_pem.write_to_path(str(self.authority))
        server.cert_chain_pems[0].write_to_path(str(self.certificate))
        server.private_key_pem.write_to_path(str(self.key))


def _start(command: Sequence[str | Path], core: int, **options: Any) -> subprocess.Popen[str]:
    """Start a process on a core of its own, as far as there are any."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **options}
    process = subprocess.Popen(command, text=True, **pipes)
    if len(_CORES) > 1:
        os.sched_setaffinity(process.pid, {_CORES[core % len(_CORES)]})
    return process


def _finish(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=10)


def _stream(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a process without its pipes")
    return process.stdin, process.stdout


class Generator:
    """``bench/generator.c``: Asterisk and the bot of ``streams`` streams."""

    def __init__(
        self, program: Path, streams: int, tls: Certificates | None, core: int = -1
    ) -> None:
        command: list[str | Path] = [program, str(streams)]
        if tls is not None:
            command += [tls.certificate, tls.key]
        self._process = _start(command, core)
        self._in, self._out = _stream(self._process)
        self.streams = streams
        self.tls = tls
        hello = self._line()
        self.port: int = hello["port"]
        self.rtp_ports: list[int] = hello["rtp_ports"]

    def _line(self) -> dict[str, Any]:
        line = self._out.readline()
        if not line:
            raise RuntimeError("the generator died")
        answer: dict[str, Any] = msgspec.json.decode(line)
        return answer

    def _order(self, text: str) -> None:
        self._in.write(text + "\n")
        self._in.flush()

    def target(self, rtp_port: int) -> None:
        """Send RTP to the subject's port from now on."""
        self._order(f"target {rtp_port}")

    def wait_started(self) -> None:
        """Wait until every stream has its `start` message."""
        self._line()

    def measure(self, pid: int, warm_up: float, seconds: float) -> dict[str, Any]:
        """Return what one window of ``seconds`` showed, after ``warm_up`` seconds."""
        self._order(f"measure {pid} {warm_up} {seconds}")
        return self._line()

    def go_on(self, pid: int, seconds: float) -> dict[str, Any]:
        """Return what the ``seconds`` right after the window before showed."""
        self._order(f"go-on {pid} {seconds}")
        return self._line()

    def close(self) -> None:
        """End it."""
        _finish(self._process)


class Subject(Protocol):
    """What is measured: a process with an RTP port that can be told to open its streams."""

    pid: int
    rtp_port: int

    def open(self, generator: Generator) -> None:
        """Open a stream to each of the generator's ports; need not wait for them."""

    def close(self) -> None:
        """End it."""


class Yardstick:
    """``bench/yardstick.c``; ``mode`` is sleep (as the worker), wake or single."""

    def __init__(self, program: Path, generator: Generator, mode: str = "sleep") -> None:
        authority = generator.tls.authority if generator.tls else "-"
        self._process = _start(
            [program, str(generator.streams), str(generator.port), authority, mode], 0
        )
        self._in, out = _stream(self._process)
        self.pid = self._process.pid
        self.rtp_port = int(out.readline())

    def open(self, generator: Generator) -> None:
        """Hand over Asterisk's ports: it connects at once."""
        self._in.write("\n".join(map(str, generator.rtp_ports)) + "\n")
        self._in.flush()

    def close(self) -> None:
        """End it."""
        _finish(self._process)


class Worker:
    """The product: ``ariswitch stream-worker``, spoken to over its control socket.

    It takes ``room`` streams more than the generator has.
    """

    def __init__(
        self, state: Path, generator: Generator, index: int = 0, core: int = 0, room: int = 0
    ) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("ARISWITCH_")
        }
        environment |= {
            "ARISWITCH_STATE_DIR": str(state),
            "ARISWITCH_STREAM_WORKERS": "1",
            "ARISWITCH_STREAM_CAPACITY": str(generator.streams + room),
        }
        if generator.tls:
            environment["ARISWITCH_CA_FILE"] = str(generator.tls.authority)
        program = Path(sys.executable).with_name("ariswitch")
        path = state / "run" / f"stream-{index}.sock"
        path.unlink(missing_ok=True)
        # A file: it logs every stream, and would stand still once nobody reads a pipe of it.
        with (state / "worker.log").open("a") as log:
            command: list[str | Path] = [program, "stream-worker", "--index", str(index)]
            self._process = _start(command, core, env=environment, stdout=log)
        self._socket = _connect(path)
        self._tell(control.Attach())
        hello = control.decode_event(self._socket.makefile("rb").readline())
        if not isinstance(hello, control.Hello):
            raise TypeError(f"{hello} instead of Hello")
        self.pid = hello.pid
        self.rtp_port = hello.rtp_port

    def _tell(self, command: control.Command) -> None:
        self._socket.sendall(control.encode(command))

    def open_to(self, url: str, name: str) -> None:
        """Ask for one stream more, with nobody at its RTP."""
        sid = f"MZ{hashlib.md5(name.encode()).hexdigest()}"
        self._tell(
            control.Open(
                stream_sid=sid,
                call_sid=sid,
                account_sid=sid,
                url=url,
                peer_host="127.0.0.1",
                peer_port=9,
                allow_private=True,
            )
        )

    def open(self, generator: Generator) -> None:
        """Ask for all streams, one after the other as calls come, and as C opens them."""
        scheme = "wss" if generator.tls else "ws"
        for number, port in enumerate(generator.rtp_ports):
            self._tell(
                control.Open(
                    stream_sid=f"MZ{number:032x}",
                    call_sid=f"CA{number:032x}",
                    account_sid=f"AC{number:032x}",
                    url=f"{scheme}://127.0.0.1:{generator.port}/{number}",
                    peer_host="127.0.0.1",
                    peer_port=port,
                    allow_private=True,
                    connect_timeout=60,
                )
            )
            time.sleep(OPEN_SECONDS)

    def close(self) -> None:
        """End it."""
        self._socket.close()
        _finish(self._process)


def _connect(path: Path) -> socket.socket:
    """Return a connection to a Unix socket that is about to be there."""
    deadline = time.monotonic() + 20
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(path))
        except OSError:
            sock.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return sock


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has resident."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_files(pid: int) -> int:
    """Return how many descriptors a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
