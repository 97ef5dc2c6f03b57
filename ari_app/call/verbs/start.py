"""``<Start>``: begin something beside the call and go on (Twilio: TwiML Start)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ari_app.call.beside import start_recording
from ari_app.call.context import CallContext
from ari_app.call.oneway import start_stream
from ari_app.call.outcome import Outcome
from ari_app.call.transcribing import start_transcription
from ari_app.call.verbs.unsupported import UNSUPPORTED_VERB
from ari_app.errors import TwilioError
from ari_app.sids import new_sid
from ari_app.urls import safe
from twiml import Recording, Start, Stream, Transcription


async def _stream(ctx: CallContext, noun: Stream) -> None:
    try:
        start_stream(ctx, noun, new_sid("MZ"))
    except TwilioError as error:
        ctx.problem(error, url=safe(noun.url))


async def _recording(ctx: CallContext, noun: Recording) -> None:
    try:
        await start_recording(ctx, noun)
    except TwilioError as error:
        ctx.problem(error)


async def _transcription(ctx: CallContext, noun: Transcription) -> None:
    try:
        start_transcription(ctx, noun, new_sid("GT"))
    except TwilioError as error:
        ctx.problem(error)


#: One line a noun: what starts it. It reports its own failures, which never end the call.
STARTERS: dict[type[Any], Callable[[CallContext, Any], Awaitable[None]]] = {
    Recording: _recording,
    Stream: _stream,
    Transcription: _transcription,
}


async def run(ctx: CallContext, verb: Start) -> Outcome:
    """Answer, start every noun in order and go on with the next verb."""
    await ctx.answer()
    for noun in verb.nouns:
        start = STARTERS.get(type(noun))
        if start is None:
            name = type(noun).__name__
            ctx.problems.report(UNSUPPORTED_VERB, f"<Start><{name}> is not available")
        else:
            await start(ctx, noun)
    return None
