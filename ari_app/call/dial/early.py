"""What a callee sends before he answers, for the caller to hear (SIP: 183 with SDP).

Twilio: Dial; there is no ringing of ours beside it. Only a callee who is called alone is heard:
of several, none could be preferred.
"""

from __future__ import annotations

import asyncio

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.context import CallContext
from ari_app.call.dial.child import Child
from ari_app.call.dial.ringback import ringback

log = structlog.get_logger(__name__)

#: Where Asterisk sends RTP for a channel: nowhere until there was an SDP.
_MEDIA = "CHANNEL(rtp,dest)"
_NOWHERE = ("", "(null)", "0.0.0.0:0", "[::]:0", ":0")


def bridge_id(child_sid: str) -> str:
    """Return the id of the bridge in which the caller hears a callee who rings."""
    return f"{child_sid}-early"


async def ring_with_media(ctx: CallContext, child: Child) -> bool:
    """Wait for the answer of ``child``; False when it is over before.

    The caller hears ringing, and in its place the callee's early media once there is some.
    """
    answer = asyncio.create_task(child.until(child.answered))
    try:
        async with ringback(ctx.leg, None):
            media = asyncio.create_task(_has_media(child))
            try:
                await asyncio.wait({answer, media}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                media.cancel()
                await asyncio.wait({media})
        if not answer.done():
            await _heard(ctx, child, answer)
        return await answer
    finally:
        answer.cancel()


async def _has_media(child: Child) -> None:
    """Wait until the callee's side has an SDP though it has not answered."""
    leg = child.leg
    await leg.progress.wait()
    try:
        if (await leg.variable(_MEDIA)).strip() not in _NOWHERE:
            return
    except AriError as error:
        log.info("dial.no_early_media", channel_id=leg.channel_id, error=str(error))
    await asyncio.Event().wait()


async def _heard(ctx: CallContext, child: Child, answer: asyncio.Task[bool]) -> None:
    """Let the caller hear the callee until ``answer`` is done. Trouble means silence only."""
    leg, sid = ctx.leg, child.record.sid
    try:
        async with ctx.services.bridges.mixing(leg.ari, bridge_id(sid)) as bridge:
            if not leg.answered:
                await leg.early_media()
            await bridge.add(child.leg.channel_id)
            await bridge.add(leg.channel_id)
            log.info("dial.early_media", call_sid=ctx.call_sid, child_sid=sid)
            await asyncio.wait({answer})
    except AriError as error:  # whoever has just gone cannot be bridged
        log.info("dial.early_media_ended", call_sid=ctx.call_sid, error=str(error))
