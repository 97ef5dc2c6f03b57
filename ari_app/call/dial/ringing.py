"""Children that ring side by side or one after another until one answers (Twilio: Dial)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import nullcontext

from ari_app.call.context import CallContext
from ari_app.call.dial.child import Child, Plan
from ari_app.call.dial.early import ring_with_media
from ari_app.call.dial.ringback import ringback
from ari_app.model import CallStatus


async def ring(
    ctx: CallContext, plans: Sequence[Plan], rung: list[Child], *, sequential: bool
) -> Child | None:
    """Ring ``plans`` until one answers and may be joined; None when none does.

    Every child made is put into ``rung``. When this returns, or is cancelled, all of them have
    ended but the one returned. A plan that is ``early`` stands alone and has its ringing made
    here; for others it is the caller's affair.
    """
    if not plans:
        return None
    if not sequential:
        return await _race(ctx, plans, rung)
    for plan in plans:
        winner = await _race(ctx, [plan], rung)
        if winner is not None or rung[-1].answered.is_set():
            return winner
    return None


async def _race(ctx: CallContext, plans: Sequence[Plan], rung: list[Child]) -> Child | None:
    """Ring all at once; the first to answer wins, and may still say no in its whisper."""
    racing: list[Child] = []
    winner: Child | None = None
    try:
        for plan in plans:
            racing.append(ctx.family.dial(ctx, plan))
            rung.append(racing[-1])
        alone = plans[0].early
        if alone:
            first = racing[0] if await ring_with_media(ctx, racing[0]) else None
        else:
            first = await _first_answer(racing)
        if first is None:
            return None
        losers = asyncio.create_task(end_all(child for child in racing if child is not first))
        # It rings until the callee has heard what he is to hear.
        async with ringback(ctx.leg, None) if alone and first.whispers else nullcontext():
            ready = await first.until(first.ready)
        await losers
        winner = first if ready else None
        return winner
    finally:
        await end_all(child for child in racing if child is not winner)


async def _first_answer(children: Iterable[Child]) -> Child | None:
    """Wait for the first to answer; None when all are over before."""
    waiting = {asyncio.create_task(child.until(child.answered)): child for child in children}
    try:
        pending = set(waiting)
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.result():
                    return waiting[task]
        return None
    finally:
        for task in waiting:
            task.cancel()


async def end_all(children: Iterable[Child]) -> None:
    """End children, those that ring as canceled, and wait until they have ended."""
    await asyncio.gather(*(child.end(CallStatus.CANCELED) for child in children))
