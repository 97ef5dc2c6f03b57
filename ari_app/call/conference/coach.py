"""A coach: heard by one participant alone, he hears what that one says and hears.

Twilio: coach. ARI: a snoop channel that listens to the coached leg in both directions and
whispers to it, joined with the coach's leg by a bridge of their own. Asterisk lets spies hear
a frame before whispers are mixed into it: no echo, and neither the room nor its recording
hears the coach. (In the room's own bridge he would have to be mute, and a snoop channel hears
nothing of a leg that is mute there.)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.call.context import CallContext
from ari_app.call.leg import Leg
from ari_app.call.media import ENTER_TIMEOUT, Watch, hang_up
from ari_app.call.whole import whole


@asynccontextmanager
async def coaching(ctx: CallContext, coached: Leg) -> AsyncIterator[None]:
    """Join the call to ``coached`` alone while the block runs.

    Raises AriError, and TimeoutError when Asterisk does not answer.
    """
    ari, sid = ctx.leg.ari, ctx.call_sid
    snoop_id = f"{sid}-coach-snoop"
    watch = Watch(ari, snoop_id)
    try:
        # Seen through to the end: half done, it could not be undone.
        await whole(
            ari.channels.snoop_channel_with_id(
                channel_id=coached.channel_id,
                snoop_id=snoop_id,
                app=ctx.services.settings.app,
                spy="both",
                whisper="out",
            )
        )
        async with asyncio.timeout(ENTER_TIMEOUT):
            await watch.entered.wait()
        async with ctx.services.bridges.mixing(ari, f"{sid}-coach") as bridge:
            await bridge.add(snoop_id, ctx.leg.channel_id)
            yield
    finally:
        await hang_up(ctx.leg, snoop_id)
        watch.close()
