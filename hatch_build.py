"""Builds the compiled core of the stream worker, where a C compiler and Python's headers are.

Run by pip through hatchling, or by hand: ``python hatch_build.py``. Without either of the two it
says so and builds nothing: the worker then runs the core's twin in Python.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # by hand, without hatchling
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "stream" / "core"
FLAGS = ("-shared", "-fPIC", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden",
         "-Wno-missing-field-initializers")  # fmt: skip


def target() -> Path:
    """Return where this Python looks for the core."""
    return ROOT / "stream" / f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"


def build() -> bool:
    """Build the core in place; return whether there is one."""
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    include = Path(sysconfig.get_paths()["include"])
    missing = "C compiler" if compiler is None else "headers of Python"
    if compiler is None or not (include / "Python.h").exists():
        _say(f"no {missing}: the stream worker runs in Python")
        target().unlink(missing_ok=True)
        return False
    fresh = target().with_suffix(f".{os.getpid()}.so")
    sources = runpy.run_path(str(ROOT / "stream" / "core_sources.py"))["fingerprint"]()
    command = [compiler, *FLAGS, f'-DSOURCES="{sources}"', f"-I{include}",
               *map(str, sorted(SOURCES.glob("*.c"))), "-o", str(fresh)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        _say(f"the stream worker's core does not compile, so it runs in Python:\n{done.stderr}")
        fresh.unlink(missing_ok=True)
        target().unlink(missing_ok=True)
        return False
    fresh.replace(target())  # a worker that runs keeps the old one
    return True


def _say(text: str) -> None:
    print(text, file=sys.stderr)


class CoreBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's side of it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and have the wheel say for which Python."""
        if build():
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["artifacts"].append(f"stream/{target().name}")


if __name__ == "__main__":
    sys.exit(0 if build() else 1)
