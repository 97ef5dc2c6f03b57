"""The bridge of caller and callee, also one that an earlier process has left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.call.context import CallContext
from ari_app.call.dial.child import Child
from ari_app.call.recordings.recorded import DialRecording


def bridge_id(child_sid: str) -> str:
    """Return the id of the bridge in which a child talks to its parent."""
    return f"{child_sid}-dial"


@asynccontextmanager
async def together(
    ctx: CallContext, child: Child, recording: DialRecording | None = None, *, living: bool
) -> AsyncIterator[None]:
    """Have caller and callee hear each other inside the block; the caller is answered first.

    ``living``: an earlier process has bridged them. Raises AriError, as when one has just gone.
    """
    bridges, ari, name = ctx.services.bridges, ctx.leg.ari, bridge_id(child.record.sid)
    with child.joined():
        if living:
            async with bridges.adopted(ari, name):
                yield
            return
        async with bridges.mixing(ari, name) as bridge:
            await ctx.answer()
            if recording is not None:
                await recording.at("answer")
            await bridge.add(ctx.leg.channel_id, child.leg.channel_id)
            yield


async def release_child(ctx: CallContext) -> None:
    """End the child of an earlier process's Dial when no verb has gone on with it."""
    child, ctx.living_child = ctx.living_child, None
    if child is None:
        return
    async with together(ctx, child, living=True):
        pass
    await child.end()
