"""``<Gather>``: collect keys or speech (Twilio: TwiML Gather)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.gather import Gathered, Listener, gather
from ari_app.call.outcome import Goto, Outcome
from ari_app.call.speech import listen
from ari_app.call.verbs import pause, play, say
from ari_app.errors import TwilioError
from twiml import Gather, Pause, Play, Say


async def run(ctx: CallContext, verb: Gather) -> Outcome:
    """Play the prompt, collect input, and go to ``action`` with it.

    Without input the next verb runs, unless ``actionOnEmptyResult``. Raises TwilioError
    11200 family when a nested ``<Play>`` cannot be had, 15004 and 11100 for a bad action.
    """
    if not verb.children or isinstance(verb.children[0], Pause) or "speech" in verb.input:
        await ctx.answer()  # the others answer when what they play is there

    async def prompt() -> None:
        for child in verb.children:
            await _play(ctx, child)
        await ctx.answer()

    gathered = await gather(ctx, verb, prompt, _listener(verb))
    if gathered.empty and not verb.action_on_empty_result:
        return None
    return Goto(ctx.fetch(verb.action or "", verb.method, **_params(verb, gathered)))


async def _play(ctx: CallContext, child: Say | Play | Pause) -> None:
    """Run a nested verb; what is wrong with it alone is reported and skipped."""
    try:
        match child:
            case Say():
                await say.run(ctx, child)
            case Play():
                await play.run(ctx, child)
            case Pause():
                await pause.run(ctx, child)
    except TwilioError as error:
        if 11000 <= error.code < 12000:
            raise
        ctx.problem(error, url=error.url)


def _listener(verb: Gather) -> Listener | None:
    """Return what listens for speech, where that is wanted."""
    return listen if "speech" in verb.input else None


def _params(verb: Gather, gathered: Gathered) -> dict[str, str]:
    """Return the action's own parameters."""
    if gathered.speech is not None:
        params = {"SpeechResult": gathered.speech.text}
        if gathered.speech.confidence is not None:
            params["Confidence"] = f"{gathered.speech.confidence:.4f}"
        return params
    if "dtmf" not in verb.input:
        return {}
    # Twilio sends `msg` and an empty FinishedOnKey too (observed).
    return {
        "Digits": gathered.digits,
        "FinishedOnKey": gathered.finished_on_key,
        "msg": "Gather End",
    }
