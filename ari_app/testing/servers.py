"""Redis and PostgreSQL of their own for tests: free ports, temporary folders, no system service."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ari_app.node.ports import free_port

HOST = "127.0.0.1"
#: Seconds within which a server must be there.
START_SECONDS = 30.0


class RedisServer:
    """A Redis that keeps nothing on disk; it may be stopped and started in the middle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port(HOST)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """URL as ``ARISWITCH_REDIS_URL`` takes it."""
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        """Start it, on the same port each time; returns when it accepts connections."""
        command = ["redis-server", "--bind", HOST, "--port", str(self.port), "--save", ""]
        command += ["--appendonly", "no", "--dir", str(self.folder)]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603
        _wait_for(self.port, self._process, self.folder / "redis.log")

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it keep its connections and say nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Run a Redis; ``folder`` is for its log."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.resume()
        server.stop()


class PostgresServer:
    """A PostgreSQL cluster that need not survive a power cut."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database: str) -> str:
        """URL of a database as ``ARISWITCH_DATABASE_URL`` takes it."""
        return f"postgresql://ariswitch@{HOST}:{self.port}/{database}"


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL in a temporary folder, as another user when we are root: it refuses root."""
    with tempfile.TemporaryDirectory(prefix="ariswitch-postgres-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
        with _postgres_in(folder) as server:
            yield server


@contextmanager
def _postgres_in(folder: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(free_port(HOST))
    data = folder / "data"
    log = folder / "postgres.log"
    with log.open("ab") as out:
        make = [_program("initdb"), "-D", str(data), "-U", "ariswitch", "--auth=trust"]
        make += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(_as_user(make), check=True, stdout=out, stderr=out)  # noqa: S603
        options = {"listen_addresses": HOST, "port": server.port, "fsync": "off"}
        options |= {"unix_socket_directories": "", "synchronous_commit": "off"}
        command = _as_user([_program("postgres"), "-D", str(data)])
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        process = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603
    try:
        _wait_for(server.port, process, log)
        ready = [_program("pg_isready"), "-q", "-h", HOST, "-p", str(server.port)]
        while subprocess.run(ready, check=False).returncode:  # noqa: S603
            if process.poll() is not None:
                raise RuntimeError(f"it ended:\n{log.read_text(errors='replace')}")
            time.sleep(0.02)
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # ends the sessions and stops
        process.wait()


def _as_user(command: list[str]) -> list[str]:
    """Return the command as an ordinary user runs it."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


def _program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, which Debian keeps off the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(debian[-1]) if debian else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name}: install Debian's postgresql")
    return found


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the port accepts connections. Raises RuntimeError with the log."""
    until = time.monotonic() + START_SECONDS
    while True:
        with closing(socket.socket()) as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"it did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
