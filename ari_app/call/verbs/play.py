"""``<Play>``: an audio file or keys (Twilio: TwiML Play)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import Outcome
from ari_app.errors import TwilioError
from twiml import Play


async def run(ctx: CallContext, verb: Play) -> Outcome:
    """Play the file ``loop`` times, or send ``digits``.

    Raises TwilioError: 11200 family when the file cannot be had, 13420 when it is no audio.
    """
    if verb.digits:
        await ctx.answer()
        for _ in range(verb.loop):
            await ctx.leg.send_digits(verb.digits)
        return None
    if not verb.url:
        return None
    # Fetched before the answer: the caller hears ringing, not silence, meanwhile.
    url = ctx.resolve(verb.url)
    try:
        sound = await ctx.sound(url)
    except TwilioError as error:
        raise TwilioError(error.code, error.message, url=url) from error
    with sound:
        await ctx.answer()
        for _ in range(verb.loop):
            await ctx.leg.play(sound.path)
    return None
