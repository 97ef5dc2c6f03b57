"""`python -m ari_app.ari.generate SOURCE [--user U --password P] [--check]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ari_app.ari.generate import read, render

HERE = Path(__file__).parent.parent


def main() -> int:
    """Write the generated files; with --check only say which ones differ (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m ari_app.ari.generate")
    parser.add_argument("source", help="folder of api-docs, or http://HOST:8088/ari/api-docs")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--check", action="store_true", help="write nothing, list differences")
    options = parser.parse_args()

    changed = []
    for name, text in render(read(options.source, options.user, options.password)).items():
        path = HERE / name
        if path.exists() and path.read_text() == text:
            continue
        changed.append(name)
        if not options.check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    print("\n".join(changed) or "nothing changed")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
