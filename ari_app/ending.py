"""How a running app ends: asked once, asked twice, or displaced by another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def run_to_end(
    asked: asyncio.Semaphore,
    replaced: Callable[[], Awaitable[None]],
    drain: Callable[[float], Awaitable[None]],
    seconds: float,
) -> bool:
    """Wait until ``asked`` (released by each signal), then drain for up to ``seconds``.

    Asked again, end at once: drain for no time. Returns False as soon as ``replaced`` returns,
    whatever is under way: the calls are another process's then.
    """
    gone = asyncio.ensure_future(replaced())
    try:
        return (
            await _first(gone, asked.acquire())
            and await _first(gone, drain(seconds), asked.acquire())
            and await _first(gone, drain(0))
        )
    finally:
        gone.cancel()


async def _first(gone: asyncio.Future[None], *others: Awaitable[Any]) -> bool:
    """Wait for the first to end, cancel the other ``others``; whether ``gone`` is not done.

    Raises what the first raised.
    """
    tasks = [asyncio.ensure_future(other) for other in others]
    ended, _ = await asyncio.wait({gone, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for one in ended:
        one.result()
    return not gone.done()
