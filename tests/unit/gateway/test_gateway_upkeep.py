"""The loop that keeps a gateway's nodes true outlives whatever happens in a look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import structlog.testing

from ari_app.gateway.keeper import Announced, Keeper
from ari_app.gateway.mi import Mi
from ari_app.gateway.tables import Tables
from ari_app.gateway.upkeep import Upkeep


class Broken:
    """A source that fails as nobody expects."""

    def __init__(self) -> None:
        self.asked = 0
        self.asked_thrice = asyncio.Event()

    async def read(self) -> Sequence[Announced]:
        self.asked += 1
        if self.asked == 3:
            self.asked_thrice.set()
        raise ValueError("odd")

    async def news(self, at_most: float) -> None:
        await asyncio.sleep(0)


async def test_trouble_that_nobody_expects_is_told_once_and_tried_again(tmp_path: Path) -> None:
    source, tables = Broken(), Tables(f"sqlite:///{tmp_path}/db")
    with structlog.testing.capture_logs() as logs:
        async with aiohttp.ClientSession() as session:
            mi = Mi(session, "http://127.0.0.1:1/mi")
            task = asyncio.create_task(Upkeep(Keeper(), source, tables, mi).run())
            async with asyncio.timeout(30):
                await source.asked_thrice.wait()
            task.cancel()
    await tables.close()
    assert [one["event"] for one in logs] == ["gateway.upkeep_broken"]
