"""Asterisk in real time: what it is told, and who tells it that it takes too much."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from ari_app.node.asterisk import FOLDER


def test_the_canary_sings_while_asterisk_lives_and_no_longer(tmp_path: Path) -> None:
    """It is started as `astcanary FILE PID`, and its song is the time of the file."""
    song = tmp_path / "song"
    with subprocess.Popen(["sleep", "300"]) as asterisk:
        canary = subprocess.Popen([str(FOLDER / "sbin" / "astcanary"), song, str(asterisk.pid)])
        until = time.monotonic() + 30
        while not song.exists():
            assert time.monotonic() < until
            assert canary.poll() is None
            time.sleep(0.01)
        asterisk.kill()
        asterisk.wait()
        assert canary.wait(30) == 0
