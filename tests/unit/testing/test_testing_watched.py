"""A server that dies under a test is named, with the end of its log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.testing.watched import ServerDiedError, obituaries, watched

DIES = "import os, sys; print('last words'); sys.stdout.flush(); os.abort()"


def test_a_server_that_died_is_named_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", DIES], stdout=out)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ServerDiedError, match="last words"), watched("gateway", process.pid, log):
        told = obituaries()
    assert told.startswith("gateway died (signal 6); its log ends:\nlast words")
    assert process.wait() == -6  # left for whoever started it
    assert not obituaries()


def test_a_server_that_lives_is_not_talked_about(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        with watched("gateway", process.pid, tmp_path / "log"):
            assert not obituaries()
        process.terminate()


def test_one_whose_exit_code_was_taken_is_dead_too(tmp_path: Path) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    with (
        pytest.raises(ServerDiedError, match="exit code is gone"),
        watched("gateway", process.pid, tmp_path / "none"),
    ):
        pass
