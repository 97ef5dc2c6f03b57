"""Where items come from: ariswitch's tap, or a recording."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path

from ari_app.debug.record import Item, RecordError, read_header, read_item
from ari_app.debug.sources import opened

#: Longest line of a tap, bytes: one event or document.
_LONGEST = 16 * 1024 * 1024
#: Seconds that a tap may take to tell what it holds.
_PATIENCE = 30.0

WANT_RTP = b'{"want": "rtp"}\n'


class SourceError(Exception):
    """There is nothing to read from; says what to do."""


def recorded(path: Path) -> list[Item]:
    """All items of a recording, or of lines kept from a tap. Raises SourceError."""
    try:
        with opened(path) as file:
            first = file.readline()
            if b'"ari-debug"' in first:
                read_header(first)
                first = b""
            lines = chain([first], file)
            return [read_item(text, number) for number, text in enumerate(lines, 1) if text.strip()]
    except (OSError, RecordError) as error:
        raise SourceError(f"{path}: {error}") from error


def held(path: Path) -> list[Item]:
    """What the tap at ``path`` holds now. Raises SourceError."""

    async def take() -> list[Item]:
        items: list[Item] = []
        async with asyncio.timeout(_PATIENCE):
            async for item in live(path):
                if item.type == "caught-up" and item.source == "tap":
                    break
                items.append(item)
        return items

    try:
        return asyncio.run(take())
    except TimeoutError:
        raise SourceError(f"{path}: the tap does not answer") from None


async def live(path: Path, *, statistics: bool = False) -> AsyncIterator[Item]:
    """What the tap holds, then what happens, until the app ends. Raises SourceError.

    ``statistics``: have Asterisk asked for the RTP statistics of all channels meanwhile.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(str(path), limit=_LONGEST)
    except OSError as error:
        raise SourceError(
            f"no tap at {path} ({error.strerror}); is ariswitch running? "
            "Say where with --tap or ARISWITCH_STATE_DIR."
        ) from error
    try:
        if statistics:
            writer.write(WANT_RTP)
        while text := await reader.readline():
            yield read_item(text)
    except (OSError, ValueError, RecordError) as error:
        raise SourceError(f"{path}: {error}") from error
    finally:
        writer.close()
