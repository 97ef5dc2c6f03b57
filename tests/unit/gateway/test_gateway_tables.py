"""The gateways' tables: what an operator is told when they cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ari_app.cli import app
from ari_app.gateway.errors import GatewayError
from ari_app.gateway.tables import Tables


def broken(folder: Path, kind: str) -> str:
    """URL of tables that cannot be used."""
    (folder / "garbage.db").write_bytes(b"no database " * 1000)
    return {
        "no folder": f"sqlite:///{folder}/none/gateway.db",
        "no file": f"sqlite:///{folder}",
        "no database": f"sqlite:///{folder}/garbage.db",
        "nobody listens": "postgres://gate:s3cret@127.0.0.1:1/gate",
        "no port": "postgres://gate:s3cret@127.0.0.1:x/gate",
    }[kind]


KINDS = ("no folder", "no file", "no database", "nobody listens", "no port")


@pytest.mark.parametrize("kind", KINDS)
async def test_one_plain_line_says_which_and_why(kind: str, tmp_path: Path) -> None:
    database = broken(tmp_path, kind)
    with pytest.raises(GatewayError) as caught:
        await Tables(database).create()
    text = str(caught.value)
    assert text.startswith("The gateway's tables cannot be used: ")
    assert database.replace("s3cret", "***") in text
    assert "\n" not in text
    assert "s3cret" not in text


@pytest.mark.parametrize("command", [["gateway", "run"], ["gateway", "clients", "run"]])
@pytest.mark.parametrize("kind", KINDS)
def test_a_gateway_without_tables_does_not_start(
    command: list[str], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "opensips"
    modules = tmp_path / "lib" / "opensips" / "modules"
    program.parent.mkdir()
    modules.mkdir(parents=True)
    (modules / "tm.so").touch()
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    part = "GATEWAY_CLIENT" if "clients" in command else "GATEWAY"
    monkeypatch.setenv("ARISWITCH_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv(f"ARISWITCH_{part}_PROGRAM", str(program))
    monkeypatch.setenv(f"ARISWITCH_{part}_DATABASE", broken(tmp_path, kind))
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert result.output.startswith("The gateway's tables cannot be used: ")
