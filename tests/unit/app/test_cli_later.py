"""The command lines start without what the command in hand does not need."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ari_app import cli
from ari_app.cli_later import Later, loaded
from ari_app.debug import cli as debug_cli

#: Each takes a twentieth of a second or more to import.
HEAVY = {
    "aiohttp", "alembic", "asyncio", "msgspec", "numpy", "prometheus_client", "pydantic", "rich",
    "sqlalchemy", "structlog", "textual", "uvloop",
}  # fmt: skip
_IMPORTED = """
import sys
from {module} import main
sys.argv = {argv!r}
try:
    main()
except SystemExit as over:
    assert over.code == 0, over.code
print("imported:", *sys.modules)
"""


def imported(module: str, *argv: str) -> tuple[str, set[str]]:
    """Run a command in a Python of its own; what it says, and the modules it has imported."""
    code = _IMPORTED.format(module=module, argv=["program", *argv])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    said, _, names = done.stdout.rpartition("imported:")
    return said, set(names.split())


@pytest.mark.parametrize("module", ["ari_app.debug.cli", "ari_app.cli"])
def test_help_imports_nothing_heavy(module: str) -> None:
    said, names = imported(module, "--help")
    assert "doctor" in said
    assert not HEAVY & names


def test_a_command_imports_what_it_needs_and_no_other_one_does() -> None:
    said, names = imported("ari_app.debug.cli", "top", "--help")
    assert "--tap" in said
    # Typer itself reads options by pydantic.
    assert not (HEAVY - {"asyncio", "msgspec", "pydantic"}) & names


@pytest.mark.parametrize("later", [*debug_cli.COMMANDS, *cli.COMMANDS], ids=lambda one: one.name)
def test_the_list_of_commands_says_what_their_help_says(later: Later) -> None:
    assert loaded(later).get_short_help_str(limit=200) == later.summary


def completed(words: str) -> list[str]:
    environ = os.environ | {
        "_ARI_DEBUG_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    command = [
        sys.executable,
        "-c",
        "from ari_app.debug.cli import app; app(prog_name='ari-debug')",
    ]
    done = subprocess.run(
        command, check=True, env=environ, capture_output=True, text=True, timeout=60
    )
    return done.stdout.split()


def test_the_shell_completes_commands_and_their_options() -> None:
    assert completed("ari-debug t") == ["tail", "top", "test"]
    assert completed("ari-debug tail --un") == ["--until"]


def test_a_mistyped_command_is_told_the_right_one() -> None:
    result = CliRunner().invoke(debug_cli.app, ["tial"])
    assert result.exit_code == 2
    assert "Did you mean 'tail'" in result.stderr
