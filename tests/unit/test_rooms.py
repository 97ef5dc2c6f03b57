"""The table of rooms in ARCHITECTURE.md, read from the imports themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("ari_app", "asterisk", "stream", "twiml")

#: Words that all rooms share.
WORDS = {f"ari_app.{name}" for name in ("model", "errors", "failures", "sids", "params", "urls")}

#: Room → what it may import of ours besides itself.
ALLOWED: dict[str, set[str]] = {
    "twiml": set(),
    "stream": set(),
    "ari_app/ari": set(),
    "ari_app/call": {"twiml", "ari_app.ari"} | WORDS,
    "ari_app/api": WORDS,
    "ari_app/bus": WORDS,
    "ari_app/cluster": WORDS,
    "ari_app/gateway": {"ari_app.settings"} | WORDS,
    "ari_app/debug": {
        "ari_app.ari",
        "ari_app.bus",
        "ari_app.gateway.mi",
        "ari_app.gateway.errors",
        "ari_app.cli_later",
        "stream.control",
    }
    | WORDS,
    "ari_app/http": WORDS | {"stream.addresses"},
    "ari_app/media": WORDS,
    "ari_app/platform": WORDS,
    "ari_app/recognition": WORDS,
    "ari_app/speech": WORDS,
    "ari_app/store": WORDS,
    "ari_app/streams": WORDS | {"stream.control"},
    "ari_app/tap": WORDS
    | {"ari_app.ari.trace", "ari_app.call.trace", "ari_app.http.failures", "ari_app.http.request"}
    | {
        "ari_app.debug.events",
        "ari_app.debug.listening",
        "ari_app.debug.record",
        "stream.control",
        "twiml",
    },
}

#: Cores that know bytes and events only: no loop, socket or clock.
EDGES = ("worker", "ws_", "udp", "control_server")
IMPURE = {"asyncio", "aiohttp", "socket", "time", "picows", "websockets", "threading"}


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    own = room.replace("/", ".")
    allowed = {own, *ALLOWED[room]}
    wrong = []
    for path in (ROOT / room).rglob("*.py"):
        for name in imports(path):
            if name.split(".")[0] not in OURS or name in (*OURS, "ari_app.__version__"):
                continue
            if not any(name == one or name.startswith(one + ".") for one in allowed):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


@pytest.mark.parametrize("room", ["twiml", "stream"])
def test_the_protocol_cores_are_pure(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / room).rglob("*.py")
        if not (room == "stream" and path.name.startswith(EDGES))
        for name in imports(path)
        if name.split(".")[0] in IMPURE
    ]
    assert not wrong


def test_files_stay_small() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for folder in (*OURS, "tests", "examples", "bench")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {name: size for name, size in sizes.items() if size > 500} == {}
