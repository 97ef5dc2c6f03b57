"""`ariswitch gateway clients`: what an operator types and sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ari_app.cli import app


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARISWITCH_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("ARISWITCH_GATEWAY_CLIENT_HTTP_PORT", "1")
    monkeypatch.setenv("ARISWITCH_GATEWAY_CLIENT_REALM", "phones.example")
    monkeypatch.setenv("ARISWITCH_GATEWAY_CLIENT_NODES", "10.0.0.2:5060=10,10.0.0.3:5060=20")


def clients(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["gateway", "clients", *words], input=typed)


def test_an_account_is_added_listed_and_removed(tmp_path: Path) -> None:
    added = clients("add", "alice", typed="open sesame\n")
    assert (added.exit_code, added.output) == (0, "alice@phones.example added\n")
    again = clients("add", "alice", typed="another\n")
    assert again.output == "alice@phones.example has another password\n"
    listed = clients("list").output
    assert "alice" in listed
    assert "does not run here" in listed
    assert clients("remove", "alice").exit_code == 0
    assert "alice" not in clients("list").output
    folder = tmp_path / "client-gateway"
    assert folder.stat().st_mode & 0o077 == 0
    assert b"open sesame" not in (folder / "clients.db").read_bytes()


def test_what_cannot_be_is_said_in_one_sentence() -> None:
    nobody = clients("remove", "nobody")
    assert nobody.exit_code == 1
    assert "nobody is no account" in nobody.output
    assert clients("add", "alice", typed="\n").exit_code == 1
    assert clients("add", "a b", typed="secret\n").exit_code == 1
