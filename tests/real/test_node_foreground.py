"""A node in the foreground, as a container runs it, and its processes, as systemd runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ari_app.node import health, orphans, ports
from ari_app.settings_load import load
from ari_app.testing.stack import free_sip_port

pytestmark = pytest.mark.real


def environ_of(state: Path) -> dict[str, str]:
    return os.environ | {
        "ARISWITCH_STATE_DIR": str(state),
        "ARISWITCH_HTTP_PORT": str(ports.free_port("127.0.0.1")),
        "ARISWITCH_SIP_PORT": str(free_sip_port()),
        "ARISWITCH_ARI_PORT": str(ports.free_port("127.0.0.1")),
        "ARISWITCH_STREAM_WORKERS": "1",
        "ARISWITCH_RECOGNIZER": "none",
        "ARISWITCH_LOG_FORMAT": "json",
    }


def test_run_logs_to_standard_output_and_ends_in_order_at_sigterm(tmp_path: Path) -> None:
    environ = environ_of(tmp_path / "s")
    settings = load(None, environ).settings
    # Appended to: the supervisor opens its output anew for each program.
    with (tmp_path / "out").open("ab") as out:
        node = subprocess.Popen(
            [sys.executable, "-m", "ari_app.cli", "run"], env=environ, stdout=out, stderr=out
        )
    try:
        until = time.monotonic() + 60
        while not (answer := health.ask(settings)).ok and time.monotonic() < until:
            assert node.poll() is None, (tmp_path / "out").read_text()
            time.sleep(0.1)
        assert answer.ok, (tmp_path / "out").read_text()
        node.send_signal(signal.SIGTERM)
        assert node.wait(60) == 0
    finally:
        orphans.end(tmp_path / "s")
    said = (tmp_path / "out").read_text()
    assert "Asterisk Ready." in said
    assert "worker.started" in said
    ready = next(line for line in said.splitlines() if '"node.ready"' in line)
    assert json.loads(ready)["node"] == "node1"
    stopped = re.findall(r"stopped: (\S+) \(exit status 0\)", said)
    assert stopped == ["app", "stream-0", "asterisk"]
    # What `up` opens for a first try stays shut.
    assert "demo" not in said


def test_asterisk_tells_systemd_when_it_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "n"))
        manager.settimeout(60)
        environ = environ_of(tmp_path / "s") | {"NOTIFY_SOCKET": str(tmp_path / "n")}
        asterisk = subprocess.Popen([sys.executable, "-m", "ari_app.cli", "asterisk"], env=environ)
        try:
            told = b""
            while b"READY=1" not in told:
                told = manager.recv(4096)
            asterisk.terminate()
            assert asterisk.wait(60) == 0
        finally:
            if asterisk.poll() is None:
                asterisk.kill()
                asterisk.wait()
