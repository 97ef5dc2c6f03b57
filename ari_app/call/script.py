"""The walk through documents: verb after verb, document after document."""

from __future__ import annotations

import structlog

from ari_app.call.context import CallContext
from ari_app.call.documents import DocumentError, Loaded, fall_back, load
from ari_app.call.outcome import End, Goto, Outcome
from ari_app.call.pace import TOO_MANY_REDIRECTS, Pace
from ari_app.call.trace import told
from ari_app.call.verbs import run_verb
from ari_app.errors import TwilioError
from ari_app.urls import bare, safe
from twiml import Say, Unsupported

log = structlog.get_logger(__name__)


class _UrlError(Exception):
    """A verb could not get what its URL names; it was reported."""

    def __init__(self, code: int, url: str) -> None:
        super().__init__(code, url)
        self.code = code
        self.url = url


async def walk(ctx: CallContext, loaded: Loaded) -> End:
    """Run ``loaded`` and what it leads to; raises DocumentError and AriError."""
    pace = Pace()
    while True:
        ctx.document = loaded.endpoint
        ctx.audio = loaded.audio
        for warning in loaded.document.warnings:
            ctx.problems.report(warning.code, f"line {warning.line}: {warning.message}")
        try:
            outcome = await _run(ctx, loaded)
        except _UrlError as failed:
            ctx.on_hangup = None
            # A URL that a verb needs failed: the same way out as for a document, once.
            if loaded.is_fallback:
                raise DocumentError from failed
            following = fall_back(ctx, failed.code, failed.url)
        else:
            # Not in a `finally`: cancelled by a hang-up, it is still to be told.
            ctx.on_hangup = None
            if not isinstance(outcome, Goto):
                return outcome or End()
            following = load(ctx, outcome.source)
        loaded = await following
        if pace.too_quick():
            ctx.problems.report(TOO_MANY_REDIRECTS, "documents lead to each other without end")
            raise DocumentError


async def announce_failure(ctx: CallContext) -> End:
    """Tell the caller that the application failed and end (Twilio's default)."""
    speech = Say(text=ctx.services.settings.default_error_speech)
    try:
        await run_verb(ctx, speech)
    except TwilioError as error:
        ctx.problem(error)
    return End()


async def _run(ctx: CallContext, loaded: Loaded) -> Outcome:
    """Run the verbs of one document."""
    for index, verb in enumerate(loaded.document.verbs):
        if index < loaded.first:
            continue
        if ctx.leg.gone.done():
            return End()
        ctx.checkpoint(loaded.text, index)
        name = verb.name if isinstance(verb, Unsupported) else type(verb).__name__
        log.info("verb.start", verb=name)
        try:
            with told(ctx.services.trace, ctx.call_sid, verb):
                outcome = await run_verb(ctx, verb)
        except TwilioError as error:
            url = error.url or (ctx.document.url if ctx.document else "")
            ctx.problem(error, url=safe(url))
            if 11000 <= error.code < 12000:
                raise _UrlError(error.code, bare(url)) from error
            outcome = None
        ctx.on_hangup = ctx.lost_child = None
        log.info("verb.end", verb=name)
        if outcome is not None:
            return outcome
    return None
