"""What is said in a call, as text: a tap that feeds a recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.ari.errors import AriError
from ari_app.call.context import CallContext
from ari_app.call.gather import Entry, Speech
from ari_app.call.oneway import send_tracks
from ari_app.call.ports import StreamEnd
from ari_app.call.speech_ports import ListenRequest, Recognition, SpeechEvent
from ari_app.errors import TwilioError
from ari_app.model import Endpoint
from ari_app.sids import new_sid
from twiml import Gather

#: The recogniser runs on this machine, whatever else streams may connect to.
LOCAL = ("127.0.0.1/32",)
DEGRADED = 13340
#: Seconds of silence that end an utterance by ``speechTimeout="auto"``.
AUTO_SILENCE = 1.0


class _Unwatched:
    """The recogniser's own stream tells nobody."""

    def started(self) -> None:
        """It listens."""

    def warned(self, code: int, message: str) -> None:
        """It is slow for a moment."""


@asynccontextmanager
async def hear(
    ctx: CallContext, request: ListenRequest
) -> AsyncIterator[AsyncIterator[SpeechEvent]]:
    """Recognise what is said in the call while the block runs; gives the events as they come.

    They end with the call. Raises TwilioError 13340 when there is no recognition (any more),
    13331 for a language that it does not know; so does waiting for events.
    """
    async with ctx.services.recognizer.listen(request) as running:
        feeding = asyncio.create_task(_feed(ctx, request, running.url))
        try:
            yield _events(running, feeding)
        finally:
            feeding.cancel()
            await asyncio.wait({feeding})


async def _feed(ctx: CallContext, request: ListenRequest, url: str) -> StreamEnd:
    sid = new_sid("MZ")
    try:
        return await send_tracks(
            ctx,
            sid=sid,
            url=url,
            headers={},
            name=sid,
            tracks=request.tracks,
            watcher=_Unwatched(),
            allow=LOCAL,
        )
    except TwilioError as error:
        return StreamEnd("error", error.code, error.message)
    except (AriError, TimeoutError) as error:
        return StreamEnd("error", DEGRADED, f"Asterisk refused the tap: {error}")


async def _events(
    running: Recognition, feeding: asyncio.Task[StreamEnd]
) -> AsyncIterator[SpeechEvent]:
    """Give the events until no audio comes any more."""
    events = aiter(running)
    while True:
        following = asyncio.ensure_future(anext(events, None))
        try:
            await asyncio.wait({following, feeding}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not following.done():
                following.cancel()
        if not following.done():
            end = feeding.result()
            if end.code is not None:
                raise TwilioError(DEGRADED, f"the recogniser hears nothing: {end.message}")
            return
        event = following.result()
        if event is None:
            return
        yield event


async def listen(ctx: CallContext, verb: Gather, entry: Entry) -> None:
    """Feed a ``<Gather>`` with what the caller says (Twilio: Gather, input speech)."""
    silence = verb.timeout if verb.speech_timeout is None else verb.speech_timeout
    request = ListenRequest(
        language=verb.language,
        hints=verb.hints,
        silence=AUTO_SILENCE if silence == "auto" else float(silence),
        longest=verb.max_speech_time,
        numbers=verb.speech_model == "numbers_and_commands",
        partials=verb.partial_result_callback is not None,
    )
    callback = _partial_callback(ctx, verb)
    number = 0
    counts = False
    async with hear(ctx, request) as events:
        async for event in events:
            match event.kind:
                case "began":
                    counts = entry.speech_began()
                case "partial" if counts and callback is not None:
                    _tell_partial(ctx, callback, event, number)
                    number += 1
                case "final" if counts:
                    entry.speech_ended(Speech(event.text, event.confidence))
                case _:
                    pass


def _partial_callback(ctx: CallContext, verb: Gather) -> Endpoint | None:
    if verb.partial_result_callback is None:
        return None
    try:
        url = ctx.resolve(verb.partial_result_callback)
    except TwilioError as error:
        ctx.problem(error)
        return None
    return Endpoint(url=url, method=verb.partial_result_callback_method)


def _tell_partial(ctx: CallContext, callback: Endpoint, event: SpeechEvent, number: int) -> None:
    """Queue a partial result: its last word may change yet."""
    stable, _, _ = event.text.rpartition(" ")
    params = {
        **ctx.progress.voice_params(),
        "UnstableSpeechResult": event.text,
        "StableSpeechResult": stable,
        "Stability": str(event.stability if event.stability is not None else 0.0),
        "SequenceNumber": str(number),
    }
    record = ctx.progress.record
    ctx.journal.later(
        lambda: ctx.services.callbacks.enqueue(
            url=callback.url,
            method=callback.method,
            params=params,
            account_sid=record.account_sid,
            call_sid=record.sid,
        )
    )
