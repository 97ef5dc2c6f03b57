"""``<Say>``: speak text (Twilio: TwiML Say)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import Outcome
from twiml import Say


async def run(ctx: CallContext, verb: Say) -> Outcome:
    """Speak ``text`` ``loop`` times; raises TwilioError 13520 and 12400."""
    if verb.ssml and not verb.text.strip():
        await ctx.answer()  # nothing but pauses
        return None
    spoken = await ctx.services.speaker.say(verb.text, verb.voice, verb.language)
    for code, message in spoken.warnings:
        ctx.problems.report(code, message)
    await ctx.answer()
    with spoken.sound:
        for _ in range(verb.loop):
            await ctx.leg.play(spoken.sound.path)
    return None
