"""Writing calls of the live screen into a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ari_app.debug import record
from ari_app.debug.ladder import NoCallError, pick, tell
from ari_app.debug.ladder.html import page
from ari_app.debug.record import Item


class SaveError(Exception):
    """It could not be written; says why."""


def usual_name(keys: Sequence[str]) -> str:
    """The name that is offered: that of the call, or how many they are."""
    return f"{keys[0]}.jsonl" if len(keys) == 1 else f"{len(keys)}-calls.jsonl"


def save(path: Path, items: Sequence[Item], keys: Sequence[str]) -> str:
    """Write calls as a recording, as an HTML ladder each when the name says so; say what was done.

    Raises SaveError, also when there is such a file already: nothing is written then.
    """
    stories = [_items(items, key) for key in keys]
    files: dict[Path, bytes]
    if path.suffix in (".html", ".htm"):
        names = [path, *(path.with_stem(f"{path.stem}-{n}") for n in range(2, len(keys) + 1))]
        texts = [page(tell(mine)).encode() for mine in stories]
        files = dict(zip(names, texts, strict=True))
    else:
        # A child call is in its parent's story, too: each item once, in the order that they came.
        wanted = {id(item) for mine in stories for item in mine}
        kept = [item for item in items if id(item) in wanted]
        first = record.header(at=kept[0].at, source="tap")
        files = {path: record.line(first) + b"".join(map(record.line, kept))}
    for name in files:
        if name.exists():
            raise SaveError(f"{name} is there already")
    try:
        for name, content in files.items():
            name.write_bytes(content)
    except OSError as error:
        raise SaveError(f"{error.filename}: {error.strerror}") from error
    return f"{len(keys)} call{'s' * (len(keys) > 1)} in {', '.join(map(str, files))}"


def _items(items: Sequence[Item], key: str) -> list[Item]:
    try:
        return pick(items, key)
    except NoCallError as error:
        raise SaveError(f"{key} is no longer remembered") from error
