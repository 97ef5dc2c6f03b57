"""``<Say>``: speak text (Twilio: TwiML Say)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import Outcome
from ari_app.call.ports import Sound
from twiml import Say


async def run(ctx: CallContext, verb: Say) -> Outcome:
    """Speak ``text`` ``loop`` times; raises TwilioError 13520 and 12400."""
    sound = await speech(ctx, verb)
    await ctx.answer()
    with sound:
        for _ in range(verb.loop):
            await ctx.leg.play(sound.path)
    return None


async def speech(ctx: CallContext, verb: Say) -> Sound:
    """Make the sound of a Say, here or within another verb, and report its warnings.

    Raises TwilioError: 13520 nothing to say, 12400 or a refusal of the speech engine.
    """
    spoken = await ctx.services.speaker.say(verb.text, verb.voice, verb.language, verb.ssml)
    for code, message in spoken.warnings:
        ctx.problems.report(code, message)
    return spoken.sound
