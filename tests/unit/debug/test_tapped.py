"""Reading a tap over more than one connection, and over a restart of the app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ari_app.debug.backlog import Wire, opened
from ari_app.debug.record import Item
from ari_app.debug.sources import SourceError
from ari_app.debug.tapped import Tapped
from ari_app.tap import Measuring, Tap, TapServer


class Reader:
    """Everything that one `Tapped` told."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Item] = asyncio.Queue()

    def sink(self, entry: Wire | Item) -> None:
        if (item := opened(entry)) is not None:
            self.items.put_nowait(item)

    async def until(self, type_: str) -> list[str]:
        """What came up to the first of a type, in words."""
        told: list[str] = []
        async with asyncio.timeout(10):
            while True:
                item = await self.items.get()
                told.append(item.data["message"] if item.type == "problem" else item.type)
                if item.type == "missed":
                    told[-1] += f" {item.data['entries']}"
                if item.type == type_:
                    return told


@asynccontextmanager
async def reading(path: Path) -> AsyncIterator[Reader]:
    reader = Reader()
    task = asyncio.create_task(Tapped(path).run(reader.sink))
    yield reader
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def serve(tap: Tap, path: Path) -> TapServer:
    async def measure() -> None:
        """Nothing to measure."""

    server = TapServer(tap, path, Measuring(measure))
    await server.start()
    return server


def say(tap: Tap, *words: str) -> None:
    for word in words:
        tap.problem("", 1, word, "")


async def test_a_lost_connection_repeats_nothing(tmp_path: Path) -> None:
    tap, path = Tap(), tmp_path / "tap.sock"
    say(tap, "one", "two")
    server = await serve(tap, path)
    async with reading(path) as reader:
        assert await reader.until("caught-up") == ["attached", "one", "two", "caught-up"]
        await server.close()
        await reader.until("lost")
        say(tap, "three")
        server = await serve(tap, path)
        assert await reader.until("caught-up") == ["connected", "attached", "three", "caught-up"]
        await server.close()


async def test_what_the_app_forgot_meanwhile_is_counted(tmp_path: Path) -> None:
    tap, path = Tap(items=2), tmp_path / "tap.sock"
    say(tap, "one")
    server = await serve(tap, path)
    async with reading(path) as reader:
        await reader.until("caught-up")
        await server.close()
        await reader.until("lost")
        say(tap, "two", "three", "four", "five")
        server = await serve(tap, path)
        told = await reader.until("caught-up")
        assert told == ["connected", "missed 2", "attached", "four", "five", "caught-up"]
        await server.close()


async def test_an_app_that_was_started_anew_is_told_from_its_beginning(tmp_path: Path) -> None:
    tap, path = Tap(), tmp_path / "tap.sock"
    say(tap, "one", "two", "three")
    server = await serve(tap, path)
    async with reading(path) as reader:
        await reader.until("caught-up")
        await server.close()
        await reader.until("lost")
        anew = Tap()
        say(anew, "other")
        server = await serve(anew, path)
        assert await reader.until("caught-up") == ["connected", "attached", "other", "caught-up"]
        await server.close()


async def test_nobody_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is ariswitch running"):
        await Tapped(tmp_path / "none.sock").first()
