"""What a caller hears while he waits (Twilio: waitUrl, HoldUrl).

Audio is repeated; a document is run once, and then there is silence. Without a URL there is
the switch's own music.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from ari_app.call.context import CallContext
from ari_app.call.documents import DocumentError, Loaded, load
from ari_app.call.nested import run_nested
from ari_app.call.outcome import Fetch
from ari_app.errors import TwilioError
from twiml import Pause, Play, Redirect, Say
from twiml.registry import UNSUPPORTED, VERBS

T = TypeVar("T")

log = structlog.get_logger(__name__)

MUSIC_VERBS = (Say, Play, Pause, Redirect)
#: Twilio: a verb that has no place in a conference's waitUrl.
VERB_NOT_ALLOWED = 13238
_CODES = dict.fromkeys((*VERBS, *UNSUPPORTED), VERB_NOT_ALLOWED)
#: A round of repeated audio that takes less (seconds) is followed by a pause (seconds): an
#: empty file must not keep a core busy.
QUICK = 0.1
PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Music:
    """Where music comes from: a document, '' (silence) or None (ours).

    ``loaded`` is the document once it has been fetched.
    """

    source: Fetch | str | None
    loaded: Loaded | None = None


async def fetch_music(ctx: CallContext, music: Music) -> Music:
    """Return the music with its document fetched; raises DocumentError, which was reported."""
    if not isinstance(music.source, Fetch):
        return music
    return replace(music, loaded=await load(ctx.nested(), music.source, fallback=False))


async def listen(ctx: CallContext, music: Music) -> None:
    """Let the caller hear the music until this is cancelled; raises AriError."""
    try:
        if isinstance(music.source, Fetch):
            await _document(ctx, music.loaded or music.source)
        elif music.source is None:
            await built_in(ctx)
    except (DocumentError, TwilioError) as error:
        log.info("music.none", call_sid=ctx.call_sid, error=str(error))
    await forever()


async def built_in(ctx: CallContext) -> None:
    """Play the switch's own music again and again; raises TwilioError 12400 and AriError."""
    with await ctx.services.tunes.music() as tune:
        while not ctx.leg.gone.done():
            await paced(ctx.leg.play(tune.path))


async def forever() -> None:
    """Wait to be cancelled."""
    await asyncio.Event().wait()


async def _document(ctx: CallContext, source: Fetch | Loaded) -> None:
    """Run a wait document; audio that came in its place is repeated."""
    loaded = source
    if isinstance(loaded, Fetch):
        loaded = await load(ctx.nested(), loaded, fallback=False)
    while True:
        await paced(run_nested(ctx, loaded, MUSIC_VERBS, codes=_CODES))
        if loaded.audio is None or ctx.leg.gone.done():
            return


async def paced(work: Awaitable[T]) -> T:
    """Await ``work``; a pause follows where there was next to nothing to hear."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    result = await work
    if loop.time() - began < QUICK:
        await asyncio.sleep(PAUSE)
    return result
