"""A coach's voice to one participant alone (Twilio: coach).

ARI: a snoop channel that hears the coach, and one that whispers to the coached leg, joined by
a bridge of their own. Neither the room nor its recording hears what goes there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.call.context import CallContext
from ari_app.call.leg import Leg
from ari_app.call.media import ENTER_TIMEOUT, Watch, all_of, hang_up
from ari_app.call.whole import whole


@asynccontextmanager
async def whispering(ctx: CallContext, coached: Leg) -> AsyncIterator[None]:
    """Let ``coached`` hear the call while the block runs.

    Raises AriError, and TimeoutError when Asterisk does not answer.
    """
    ari, app, sid = ctx.leg.ari, ctx.services.settings.app, ctx.call_sid
    mouth, ear = f"{sid}-coach-mouth", f"{sid}-coach-ear"
    watches = [Watch(ari, mouth), Watch(ari, ear)]
    try:
        snoop = ari.channels.snoop_channel_with_id
        # Seen through to the end: half done, none of them could be undone.
        await whole(
            all_of(
                snoop(channel_id=ctx.leg.channel_id, snoop_id=mouth, app=app, spy="in"),
                snoop(channel_id=coached.channel_id, snoop_id=ear, app=app, whisper="out"),
            )
        )
        async with asyncio.timeout(ENTER_TIMEOUT):
            await asyncio.gather(*(watch.entered.wait() for watch in watches))
        async with ctx.services.bridges.mixing(ari, f"{sid}-coach") as bridge:
            await bridge.add(mouth, ear)
            yield
    finally:
        await asyncio.gather(hang_up(ctx.leg, mouth), hang_up(ctx.leg, ear))
        for watch in watches:
            watch.close()
