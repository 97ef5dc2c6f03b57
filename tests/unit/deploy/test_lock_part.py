"""The part of the lock that an image installs."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[3]


def packages(*names: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "lock_part.py"), *names],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--hash=sha256:" in done.stdout
    return set(re.findall(r"^([a-z0-9._-]+)==", done.stdout, re.MULTILINE))


def test_a_node_gets_what_it_needs_and_no_tools_of_development() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needs = {re.split(r"[\[><=; ]", name)[0] for name in project["project"]["dependencies"]}
    found = packages("ariswitch")
    assert needs <= found
    # What those need in turn.
    assert {"multidict", "cffi", "pydantic-core"} <= found
    assert not {"pytest", "mypy", "ruff", "twilio", "hatchling"} & found


def test_more_may_be_asked_for() -> None:
    assert {"botocore", "jmespath"} <= packages("ariswitch", "botocore")


def test_a_package_for_two_pythons_comes_with_both_pins() -> None:
    lock = dedent(
        """\
        a==1 ; python_full_version < '3.12' \\
            --hash=sha256:00
            # via ariswitch (pyproject.toml)
        a==2 ; python_full_version >= '3.12' \\
            --hash=sha256:01
            # via ariswitch (pyproject.toml)
        b==1 \\
            --hash=sha256:02
            # via ariswitch (pyproject.toml:dev)
        """
    )
    part = runpy.run_path(str(ROOT / "deploy" / "lock_part.py"))["part"]
    assert re.findall(r"^\w==\d", part(lock, ["ariswitch"]), re.MULTILINE) == ["a==1", "a==2"]
