"""From a source to a document: fetch, fall back, parse.

Twilio: TwiML fetch rules. Whatever is wrong with the primary URL, transport, status, content
type or XML, leads to the fallback URL with ``ErrorCode`` and ``ErrorUrl``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

import structlog

from ari_app.call.context import CallContext
from ari_app.call.outcome import Fetch, Inline, Resume, Source
from ari_app.call.ports import Reply
from ari_app.errors import TwilioError
from ari_app.model import Endpoint
from ari_app.urls import bare, safe
from twiml import Document, Say, TwimlError, interpret, parse

log = structlog.get_logger(__name__)


class DocumentError(Exception):
    """Neither the URL nor its fallback gave a document; every failure was reported."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document, its text, where it came from (None: given by REST) and where to begin."""

    document: Document
    text: str
    endpoint: Endpoint | None
    first: int = 0
    is_fallback: bool = False
    #: The answer itself when it was audio: its one ``<Play>`` plays this.
    audio: Reply | None = None


async def load(ctx: CallContext, source: Source, *, fallback: bool = True) -> Loaded:
    """Return the document of ``source``; raises DocumentError.

    Without ``fallback`` the call's fallback URL is not asked.
    """
    if isinstance(source, Inline | Resume):
        try:
            if isinstance(source, Inline):
                return Loaded(parse(source.twiml, trim=True), source.twiml, None)
            return _resumed(source)
        except TwimlError as error:
            ctx.problems.report(error.code, error.message)
            failed, failed_url = error.code, ""
    else:
        try:
            return await _fetch(ctx, source)
        except (TwilioError, TwimlError) as error:
            endpoint = source.endpoint
            failed, failed_url = error.code, bare(endpoint.url)
            ctx.problems.report(
                error.code, error.message, url=safe(endpoint.url), method=endpoint.method
            )
    if not fallback:
        raise DocumentError
    return await fall_back(ctx, failed, failed_url)


async def fall_back(ctx: CallContext, code: int, url: str) -> Loaded:
    """Ask the call's fallback URL after failure ``code`` at ``url``; raises DocumentError."""
    fallback = ctx.progress.record.fallback
    if fallback is None:
        raise DocumentError
    try:
        loaded = await _fetch(ctx, Fetch(fallback, {"ErrorCode": str(code), "ErrorUrl": url}))
        return replace(loaded, is_fallback=True)
    except (TwilioError, TwimlError) as error:
        ctx.problems.report(
            error.code, error.message, url=safe(fallback.url), method=fallback.method
        )
        raise DocumentError from error


def _resumed(source: Resume) -> Loaded:
    """Read a document again that was told of before: its warnings are not repeated."""
    document = parse(source.text, trim=True)
    return Loaded(Document(document.verbs), source.text, source.endpoint, source.verb)


async def _fetch(ctx: CallContext, source: Fetch) -> Loaded:
    params = {**ctx.progress.voice_params(), **source.params}
    reply = await ctx.conversation.ask(source.endpoint, params)
    log.info("document.fetched", url=safe(reply.url), size=len(reply.body))
    document = interpret(reply.content_type, reply.body, reply.url)
    endpoint = Endpoint(url=reply.url, method=source.endpoint.method)
    audio = reply if _is_audio(reply) else None
    return Loaded(document, _text(document, reply), endpoint, audio=audio)


def _is_audio(reply: Reply) -> bool:
    return (reply.content_type or "").strip().lower().startswith("audio/")


def _text(document: Document, reply: Reply) -> str:
    """The document as TwiML, also when it was audio or text to be spoken."""
    if _is_audio(reply):
        return f"<Response><Play>{escape(reply.url)}</Play></Response>"
    match document.verbs:
        case (Say(text=text),) if not reply.body.lstrip().startswith(b"<"):
            return f"<Response><Say>{escape(text)}</Say></Response>"
    return reply.body.decode("utf-8", "replace")
