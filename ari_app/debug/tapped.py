"""Reading the tap of ariswitch: a unix socket that gives items as lines of JSON."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from ari_app.debug.backlog import Wire
from ari_app.debug.record import Item, RecordError, read_item
from ari_app.debug.sources import SourceError

#: Longest line of a tap, bytes: one event or document.
_LONGEST = 32 * 1024 * 1024
#: Seconds between two looks for an app that has gone.
_WAIT = 0.5
#: Seconds that a tap may take to tell what it holds.
_PATIENCE = 30.0
_WANT_RTP = b'{"want": "rtp"}\n'


class Tapped:
    """One tap, read for as long as `run` runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told = _Told()

    async def first(self) -> None:
        """Look whether somebody serves it; raises SourceError."""
        _, writer = await _open(self.path)
        writer.close()

    async def run(self, sink: Callable[[Wire | Item], None]) -> None:
        """Tell everything to `sink` until cancelled; an app that restarts is waited for.

        What was told already is not told again though a tap gives its whole memory to who
        attaches; what it has forgotten meanwhile is counted.
        """
        lost = False
        while True:
            try:
                reader, writer = await _open(self.path)
            except SourceError:
                await asyncio.sleep(_WAIT)
                continue
            if lost:
                sink(_note("connected"))
            try:
                async for text in _lines(reader):
                    if forgotten := self._told.forgotten(text):
                        sink(_note("missed", data={"entries": forgotten}))
                    if self._told.is_new(text):
                        sink(Wire(time.time(), 0, text, False))
            except (OSError, ValueError):
                pass  # told below, as the end is
            finally:
                writer.close()
            lost = True
            sink(_note("lost", f"{self.path}: the app has gone; waiting for it"))
            await asyncio.sleep(_WAIT)


class _About(msgspec.Struct):
    """What an `attached` note says of the memory that follows."""

    started: float = 0.0
    first: int = 0


class _Head(msgspec.Struct):
    """What of a line must be known to know whether it is new."""

    seq: int = 0
    source: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


_heads = msgspec.json.Decoder(_Head)
_abouts = msgspec.json.Decoder(_About)


class _Told:
    """How far a tap was told. An app that was started anew numbers from 1 again: its mark differs.

    What cannot be read counts as new; it is made a note of where it is shown.
    """

    def __init__(self) -> None:
        self._started = 0.0
        self._seq = 0

    def forgotten(self, text: bytes) -> int:
        """Look at an `attached` note: how many entries the tap forgot since the last line."""
        if b'"attached"' not in text:
            return 0
        try:
            head = _heads.decode(text)
            if (head.source, head.type) != ("tap", "attached"):
                return 0
            about = _abouts.decode(head.data)
        except msgspec.MsgspecError:
            return 0
        if not about.started or about.started != self._started:
            self._started, self._seq = about.started, 0
            return 0
        return max(0, about.first - self._seq - 1)

    def is_new(self, text: bytes) -> bool:
        """Whether a line was not told yet; it is from now on."""
        try:
            seq = _heads.decode(text).seq
        except msgspec.MsgspecError:
            return True
        if not seq:
            return True
        new = seq > self._seq
        self._seq = max(self._seq, seq)
        return new


async def live(path: Path, *, statistics: bool = False) -> AsyncIterator[Item]:
    """What the tap holds, then what happens, until the app ends. Raises SourceError.

    ``statistics``: have Asterisk asked for the RTP statistics of all channels meanwhile.
    """
    reader, writer = await _open(path)
    try:
        if statistics:
            writer.write(_WANT_RTP)
        async for text in _lines(reader):
            yield read_item(text)
    except (OSError, ValueError, RecordError) as error:
        raise SourceError(f"{path}: {error}") from error
    finally:
        writer.close()


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


async def _open(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_unix_connection(str(path), limit=_LONGEST)
    except OSError as error:
        raise SourceError(
            f"no tap at {path} ({error.strerror or error}); is ariswitch running? "
            "Say where with --tap or ARISWITCH_STATE_DIR."
        ) from error


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Whole lines; one that was cut off with the connection comes again with the next."""
    while (text := await reader.readline()).endswith(b"\n"):
        yield text


def _note(kind: str, error: str = "", data: object = None) -> Item:
    return Item(at=time.time(), source="tap", kind="note", type=kind, error=error, data=data)
