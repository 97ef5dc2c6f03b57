"""A document inside a verb: what a callee hears before the bridge, what a waiting caller hears.

Twilio: ``url`` of a Dial noun, ``waitUrl`` of Conference and Enqueue. Only some verbs may be
used there; the others are reported and skipped. The call's place in its own document, its
checkpoint and its fallback URL are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import structlog

from ari_app.call.context import CallContext
from ari_app.call.documents import DocumentError, Loaded, load
from ari_app.call.outcome import End, Goto, Outcome, Source
from ari_app.call.pace import TOO_MANY_REDIRECTS, Pace
from ari_app.call.trace import told
from ari_app.errors import TwilioError
from ari_app.urls import safe
from twiml import Unsupported, Verb

log = structlog.get_logger(__name__)

NOT_ALLOWED = 12200


async def run_nested(
    ctx: CallContext,
    source: Source | Loaded,
    allowed: Collection[type[Verb]],
    *,
    codes: Mapping[str, int] | None = None,
) -> Outcome:
    """Run the document of ``source`` on the call's leg, and those it redirects to.

    A document that was loaded before is not asked for again.

    Returns None at the end of the document, or what a verb led to (``End`` of ``<Hangup>``);
    never a Goto: that is followed here. A verb not in ``allowed`` is reported, as 12200 or as
    ``codes`` says for its name, and skipped. Raises AriError, and DocumentError when there is
    no document to run, which was reported.
    """
    inner = ctx.nested()
    pace = Pace()
    while True:
        loaded = source if isinstance(source, Loaded) else await load(inner, source, fallback=False)
        inner.document, inner.audio = loaded.endpoint, loaded.audio
        for warning in loaded.document.warnings:
            inner.problems.report(warning.code, f"line {warning.line}: {warning.message}")
        outcome = await _run(inner, loaded, tuple(allowed), codes or {})
        if not isinstance(outcome, Goto):
            return outcome
        if pace.too_quick():
            inner.problems.report(TOO_MANY_REDIRECTS, "documents lead to each other without end")
            raise DocumentError
        source = outcome.source


async def _run(
    ctx: CallContext, loaded: Loaded, allowed: tuple[type[Verb], ...], codes: Mapping[str, int]
) -> Outcome:
    """Run the verbs of one document."""
    # Not above: verbs that run documents import this module.
    from ari_app.call.verbs import run_verb  # noqa: PLC0415

    for verb in loaded.document.verbs:
        if ctx.leg.gone.done():
            return End()
        name = verb.name if isinstance(verb, Unsupported) else type(verb).__name__
        if not isinstance(verb, allowed):
            text = f"<{name}> cannot be used here"
            ctx.problems.report(codes.get(name, NOT_ALLOWED), text, url=safe(_url(ctx)))
            continue
        log.info("verb.start", verb=name, nested=True)
        try:
            with told(ctx.services.trace, ctx.call_sid, verb, nested=True):
                outcome = await run_verb(ctx, verb)
        except TwilioError as error:
            ctx.problem(error, url=safe(error.url or _url(ctx)))
            if 11000 <= error.code < 12000:
                raise DocumentError from error
            outcome = None
        ctx.on_hangup = None
        log.info("verb.end", verb=name, nested=True)
        if outcome is not None:
            return outcome
    return None


def _url(ctx: CallContext) -> str:
    return ctx.document.url if ctx.document else ""
