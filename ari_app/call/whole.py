"""Requests that are seen through to their end, even when nobody wants their answer any more.

A request that is dropped half-way may still be done by Asterisk, after the request that was
to undo it. Whoever makes something therefore waits until it is made before it is unmade.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def whole(request: Coroutine[Any, Any, T]) -> T:
    """Await ``request`` to its end; a cancellation meanwhile is raised only then.

    ARI requests end by their own deadline, so this is bounded.
    """
    task = asyncio.ensure_future(request)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: the cancellation is what counts
        raise
