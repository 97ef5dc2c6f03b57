"""rtpengine for tests: userspace, loopback, ports of its own."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ari_app.node import ports
from ari_app.testing.watched import watched

#: A request of the NG protocol: a cookie, then a bencoded dictionary.
_PING = b"1 d7:command4:pinge"
#: Where its media ports are, apart from a node's; one rtpengine takes some of them.
MEDIA_PORTS = range(30_000, 32_000)
_SHARE = 200


@contextmanager
def rtpengine(folder: Path) -> Iterator[str]:
    """Run rtpengine; yields host:port of its control socket. Raises RuntimeError."""
    program = shutil.which("rtpengine", path="/usr/bin:/usr/sbin:/usr/local/bin")
    if program is None:
        raise RuntimeError("rtpengine is missing: apt-get install rtpengine-daemon")
    control = f"127.0.0.1:{ports.free_port('127.0.0.1')}"
    first = random.choice(MEDIA_PORTS[::_SHARE])  # noqa: S311 - no secret
    log = folder / "rtpengine.log"
    with log.open("w") as out:
        process = subprocess.Popen(  # noqa: S603
            [
                *(program, "--foreground", "--log-stderr", "--log-level=6", "--config-file=none"),
                # No kernel module, nothing of the host's but these sockets on loopback.
                *("--table=-1", "--interface=127.0.0.1", f"--listen-ng={control}"),
                *(f"--port-min={first}", f"--port-max={first + _SHARE - 1}"),
                "--num-threads=2",
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        _wait_for_pong(control, process, log)
        with watched("rtpengine", process.pid, log):
            yield control
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to end, and kill it when it does not."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for_pong(control: str, process: subprocess.Popen[bytes], log: Path) -> None:
    host, _, port = control.partition(":")
    until = time.monotonic() + 60
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.1)
        asking.connect((host, int(port)))
        while time.monotonic() < until and process.poll() is None:
            try:
                asking.send(_PING)
                if b"pong" in asking.recv(1024):
                    return
            except OSError:
                time.sleep(0.05)
    raise RuntimeError(f"rtpengine did not start:\n{log.read_text(errors='replace')}")
