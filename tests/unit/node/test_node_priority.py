"""Real-time scheduling: taken where it is granted, no trouble where it is not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

TRY = """
import os, subprocess, sys
from ari_app.node.priority import real_time
granted = real_time()
policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
assert policy == (os.SCHED_RR if granted else os.SCHED_OTHER), policy
ask = "import os; print(os.sched_getscheduler(0))"
child = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
assert int(child.stdout) == os.SCHED_OTHER, child.stdout
print(granted)
"""


def tried(*, cores: set[int]) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", TRY],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip() == "True"


def test_what_is_granted_is_in_force_and_children_do_not_inherit_it() -> None:
    cores = os.sched_getaffinity(0)
    if len(cores) < 2:
        pytest.skip("needs two cores")
    tried(cores=cores)


def test_a_single_core_is_left_to_everybody() -> None:
    assert not tried(cores={min(os.sched_getaffinity(0))})
