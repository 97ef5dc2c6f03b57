"""The state folder: secrets, sockets, leftovers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.node import orphans, ports
from ari_app.node.errors import NodeError
from ari_app.node.logs import Follower, last_lines
from ari_app.node.state import prepare
from ari_app.settings import Settings
from ari_app.settings_load import load


def settings(state_dir: Path, **environ: str) -> Settings:
    return load(None, {"ARISWITCH_STATE_DIR": str(state_dir), **environ}).settings


def test_account_and_passwords_are_made_once_and_kept_private(tmp_path: Path) -> None:
    first = prepare(settings(tmp_path / "s"))
    second = prepare(settings(tmp_path / "s"))
    assert first.account_sid is not None
    assert first == second
    assert first.account_sid.startswith("AC")
    secrets = tmp_path / "s" / "secrets.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert secrets.parent.stat().st_mode & 0o777 == 0o700


def test_what_is_set_wins_over_what_was_made(tmp_path: Path) -> None:
    prepare(settings(tmp_path))
    chosen = prepare(settings(tmp_path, ARISWITCH_AUTH_TOKEN="mine"))
    assert chosen.auth_token is not None
    assert chosen.auth_token.get_secret_value() == "mine"


def test_a_path_too_long_for_sockets_is_told(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="ARISWITCH_STATE_DIR"):
        prepare(settings(tmp_path / ("x" * 100)))


def test_damaged_secrets_are_not_silently_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(NodeError, match="damaged"):
        prepare(settings(tmp_path))


def test_every_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as http,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
    ):
        sip.bind(("127.0.0.1", 0))
        taken = {
            "ARISWITCH_HTTP_PORT": str(http.getsockname()[1]),
            "ARISWITCH_SIP_PORT": str(sip.getsockname()[1]),
        }
        with pytest.raises(NodeError) as caught:
            ports.check_free(settings(tmp_path, **taken))
    for name, port in taken.items():
        assert name in str(caught.value)
        assert port in str(caught.value)


def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="not an address here"):
        ports.check_free(settings(tmp_path, ARISWITCH_BIND="192.0.2.1"))


def test_leftovers_are_ended_and_nothing_else(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]

    def start(folder: str) -> subprocess.Popen[bytes]:
        environ = os.environ | {orphans.MARK: str(tmp_path / folder)}
        process = subprocess.Popen(sleep, env=environ, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    with start("a") as mine, start("ab") as other:
        assert orphans.end(tmp_path / "a", patience=0.5) == [mine.pid]
        assert mine.wait(5) != 0
        assert other.poll() is None
        other.kill()


def test_logs_are_followed_through_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("old\n")
    assert [*last_lines(tmp_path, 5)] == ["app         old"]
    follower = Follower(tmp_path)
    assert follower.poll() == []
    with log.open("a") as file:
        file.write("new\n")
    log.rename(tmp_path / "app.log.1")
    log.write_text("rotated\n")
    (tmp_path / "stream-0.log").write_text("started\n")
    assert [line.split() for line in follower.poll()] == [
        ["app", "new"],
        ["app", "rotated"],
        ["stream-0", "started"],
    ]
    follower.close()
