"""Asterisk's rendered configuration and the files that install it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_app.node import asterisk
from ari_app.node.errors import NodeError
from ari_app.node.state import prepare
from ari_app.settings import ASTERISK_ROOT_NAME, Settings
from ari_app.settings_load import load

ROOT = Path(__file__).parents[3]


def render(tmp_path: Path, **environ: str) -> tuple[Settings, dict[str, str]]:
    root = tmp_path / "root"
    (root / "usr/lib/x86_64-linux-gnu/asterisk/modules").mkdir(parents=True)
    (root / "asterisk").write_text("")
    found = prepare(
        load(
            None,
            {
                "ARISWITCH_STATE_DIR": str(tmp_path / "state"),
                "ARISWITCH_ASTERISK_ROOT": str(root),
                **environ,
            },
        ).settings
    )
    etc = asterisk.render(found).parent
    return found, {path.name: path.read_text() for path in etc.iterdir()}


def test_nothing_is_left_to_fill_in(tmp_path: Path) -> None:
    _, files = render(tmp_path)
    assert not [name for name, text in files.items() if "@{" in text]


def test_passwords_are_private(tmp_path: Path) -> None:
    found, _ = render(tmp_path)
    etc = found.state_dir / "asterisk" / "etc"
    assert {path.stat().st_mode & 0o777 for path in etc.iterdir()} == {0o600}


def test_b_23_a_slow_reader_of_events_is_not_cut_off(tmp_path: Path) -> None:
    """B-23: Asterisk's default write timeout is 100 ms."""
    _, files = render(tmp_path)
    match = re.search(r"^websocket_write_timeout = (\d+)$", files["ari.conf"], re.MULTILINE)
    assert match is not None
    assert int(match[1]) >= 1000


def test_ari_listens_on_loopback_whatever_sip_is_bound_to(tmp_path: Path) -> None:
    _, files = render(tmp_path, ARISWITCH_BIND="0.0.0.0")
    assert "bindaddr = 127.0.0.1" in files["http.conf"]
    assert "bind = 0.0.0.0:5060" in files["pjsip.conf"]


def test_behind_nat_peers_see_the_outside_address(tmp_path: Path) -> None:
    _, files = render(tmp_path, ARISWITCH_EXTERNAL_ADDRESS="192.0.2.7")
    assert files["pjsip.conf"].count("external_media_address = 192.0.2.7") == 2


def test_without_an_asterisk_the_remedy_is_named(tmp_path: Path) -> None:
    environ = {"ARISWITCH_STATE_DIR": str(tmp_path), "ARISWITCH_ASTERISK_ROOT": str(tmp_path)}
    with pytest.raises(NodeError, match="make up"):
        asterisk.render(prepare(load(None, environ).settings))


def test_installer_and_settings_mean_the_same_root() -> None:
    script = (ROOT / "asterisk" / "install.sh").read_text()
    suite = re.search(r"^suite=(\w+)$", script, re.MULTILINE)
    assert suite is not None
    assert f"asterisk-22-{suite[1]}" == ASTERISK_ROOT_NAME


def test_lock_is_pinned_hashed_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^\S+==\S+.*\\$", lock, re.MULTILINE)
    packages = re.findall(r"^[A-Za-z0-9]\S*", lock, re.MULTILINE)
    assert len(pins) == len(packages) > 30
    assert "://" not in lock


def test_asterisk_may_be_kept_from_real_time(tmp_path: Path) -> None:
    _, files = render(tmp_path, ARISWITCH_STREAM_REALTIME="false")
    assert "highpriority = no" in files["asterisk.conf"]
