"""``<Echo>``: the caller hears themselves (TwiML of Twilio's helper libraries).

Asterisk's own Echo() does it, at the far end of a Local channel: the audio goes through no
process of ours.
"""

from __future__ import annotations

import asyncio

from ari_app.call.context import CallContext
from ari_app.call.media import ENTER_TIMEOUT, Watch, hang_up
from ari_app.call.outcome import Outcome
from ari_app.call.whole import whole
from ari_app.errors import TwilioError
from ari_app.sids import new_sid
from twiml import Echo

#: Extension of the dialplan that echoes; ``/n``: the Local channel stays in between.
ENDPOINT = "Local/s@echo/n"


async def run(ctx: CallContext, verb: Echo) -> Outcome:
    """Echo until the call ends; raises AriError, and TwilioError 12400 when nothing echoes."""
    await ctx.answer()
    ari, services, name = ctx.leg.ari, ctx.services, new_sid("EC")
    channel_id = f"{name}-line"
    line = Watch(ari, channel_id)
    try:
        async with services.bridges.mixing(ari, f"{name}-echo") as bridge:
            await whole(
                ari.channels.originate_with_id(
                    channel_id,
                    endpoint=ENDPOINT,
                    app=services.settings.app,
                    formats=ctx.leg.codec,
                )
            )
            async with asyncio.timeout(ENTER_TIMEOUT):
                await line.entered.wait()
            # Keys are kept out: Echo() ends at a #.
            await bridge.add(ctx.leg.channel_id, channel_id, absorb_dtmf=True)
            await line.ended.wait()
    except TimeoutError as error:
        raise TwilioError(12400, "Asterisk did not start to echo") from error
    finally:
        await hang_up(ctx.leg, channel_id)
        line.close()
    return None
