"""SIGTERM drains, a second one ends at once, and a displaced app touches nothing."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.ending import run_to_end


class App:
    """What is ended: it drains until told, and notes the patience it was given."""

    def __init__(self) -> None:
        self.asked = asyncio.Semaphore(0)
        self.replaced = asyncio.Event()
        self.patience: list[float] = []
        self.draining = asyncio.Event()
        self.drained = asyncio.Event()
        self.end = asyncio.create_task(run_to_end(self.asked, self._replaced, self._drain, 30))

    async def _replaced(self) -> None:
        await self.replaced.wait()

    async def _drain(self, seconds: float) -> None:
        self.patience.append(seconds)
        self.draining.set()
        if seconds:
            await self.drained.wait()


async def test_asked_once_it_drains_to_the_end() -> None:
    app = App()
    app.asked.release()
    await app.draining.wait()
    app.drained.set()
    assert await app.end
    assert app.patience[0] == 30


async def test_asked_twice_it_ends_at_once() -> None:
    app = App()
    app.asked.release()
    await app.draining.wait()
    app.asked.release()
    assert await app.end
    assert app.patience == [30, 0]


@pytest.mark.parametrize("draining", [False, True])
async def test_b_25_displaced_it_ends_no_call(draining: bool) -> None:
    app = App()
    if draining:
        app.asked.release()
        await app.draining.wait()
    app.replaced.set()
    assert not await app.end
    assert app.patience == [30] * draining


async def test_a_fault_of_the_drain_is_seen() -> None:
    async def fails(_: float) -> None:
        raise RuntimeError("broken")

    asked = asyncio.Semaphore(1)
    with pytest.raises(RuntimeError):
        await run_to_end(asked, asyncio.Event().wait, fails, 1)  # type: ignore[arg-type]
