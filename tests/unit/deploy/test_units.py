"""What the systemd units promise."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.node.notify import END_SECONDS
from ari_app.settings_load import load, variables

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "systemd"
COMMON = FOLDER / "ariswitch-.service.d" / "10-common.conf"
SERVICES = sorted(FOLDER.glob("*.service"))


def options(*paths: Path) -> list[tuple[str, str]]:
    """All `key=value` of unit files, in the order in which systemd reads them."""
    lines = [line for path in paths for line in path.read_text().splitlines()]
    pairs = [line.split("=", 1) for line in lines if line and line[0] not in "#["]
    return [(key, value) for key, value in pairs]


def whole(service: Path) -> dict[str, str]:
    return dict(options(service, COMMON))


def test_there_is_a_unit_for_every_process_of_a_node() -> None:
    assert {path.name for path in SERVICES} >= {
        "ariswitch-app.service",
        "ariswitch-asterisk.service",
        "ariswitch-recognizer.service",
        "ariswitch-stream@.service",
    }


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_unit_is_held_and_comes_back(service: Path) -> None:
    said = whole(service)
    assert said["Restart"] == "always"
    assert said["User"] == "ariswitch"
    assert said["ProtectSystem"] == "strict"
    assert said["NoNewPrivileges"] == "yes"
    assert said["CapabilityBoundingSet"] == ""
    assert int(said["TimeoutStopSec"]) >= 15
    assert said["PartOf"] == "ariswitch.target"


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_what_tells_systemd_how_it_is_says_so(service: Path) -> None:
    said = whole(service)
    if "/bin/ariswitch " in said["ExecStart"]:
        assert said["Type"] == "notify"
        if not said["ExecStart"].endswith("ariswitch asterisk"):
            assert int(said["WatchdogSec"]) >= 10


def test_the_app_has_the_time_to_drain_and_goes_first() -> None:
    said = whole(FOLDER / "ariswitch-app.service")
    environ = dict(
        value.split("=", 1)
        for key, value in options(FOLDER / "ariswitch-app.service")
        if key == "Environment"
    )
    drain = load(None, environ).settings.drain_timeout
    assert int(said["TimeoutStopSec"]) >= drain + END_SECONDS
    # systemd stops in the reverse order of start.
    after = {value for key, value in options(FOLDER / "ariswitch-app.service") if key == "After"}
    assert "ariswitch-asterisk.service" in " ".join(after)
    for name in ("stream@", "gateway-public", "gateway-clients"):
        assert whole(FOLDER / f"ariswitch-{name}.service")["Before"] == "ariswitch-app.service"


def test_every_setting_and_command_exists() -> None:
    known = set(variables())
    files = [*SERVICES, COMMON]
    names = {
        name for path in files for name in re.findall(r"ARISWITCH_([A-Z_]+)", path.read_text())
    }
    assert {name.lower() for name in names} <= known
    for service in SERVICES:
        command = whole(service)["ExecStart"]
        if "/bin/ariswitch " in command:
            words = command.split("/bin/ariswitch ")[1].split()
            found = subprocess.run(
                [sys.executable, "-m", "ari_app.cli", words[0], "--help"],
                capture_output=True,
                check=False,
            )
            assert found.returncode == 0, words


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_itself_takes_them(tmp_path: Path) -> None:
    program = tmp_path / "ariswitch"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = tmp_path / "units"
    shutil.copytree(FOLDER, units, ignore=shutil.ignore_patterns("*.sh"))
    for path in units.rglob("*.*"):
        if path.is_file():
            text = path.read_text()
            path.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={program}", text))
    named = [str(path).replace("@.", "@0.") for path in sorted(units.glob("*")) if path.is_file()]
    if (units / "ariswitch-stream@.service").exists():
        shutil.copy(units / "ariswitch-stream@.service", units / "ariswitch-stream@0.service")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *named],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
    )
    ours = [line for line in done.stderr.splitlines() if "ariswitch" in line]
    assert (done.returncode, ours) == (0, [])
