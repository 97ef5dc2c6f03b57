"""``<Record>``: record the caller until silence, a key, the length or the end (Twilio: Record)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self, cast

from ari_app.call.context import CallContext
from ari_app.call.outcome import End, Fetch, Goto, Outcome
from ari_app.call.recordings.recorded import callback
from ari_app.call.recordings.recorder import RecordingOptions
from ari_app.call.recordings.recording import Recording
from ari_app.call.recordings.tape import Limits
from ari_app.call.whole import whole
from ari_app.errors import TwilioError
from ari_app.model import RecordingSource, RecordingStatus, RecordingTrack
from twiml import Record

#: Seconds that the news of a hang-up may come after the failures it causes.
GONE_SECONDS = 0.5
NOT_TRANSCRIBED = 13617


async def run(ctx: CallContext, verb: Record) -> Outcome:
    """Record, then go to ``action`` with the recording, or on when nothing was said.

    The app's restart does not end it. Raises TwilioError 12400 when nothing can be recorded,
    15004 and 11100 for a bad ``action``.
    """
    action = _action(ctx, verb)
    await ctx.answer()
    recording = ctx.services.recorder.take_left(ctx.call_sid)
    if recording is None and verb.play_beep:
        with await ctx.services.beep() as sound:
            await ctx.leg.play(sound.path)
    with _Keys(ctx, verb) as keys:
        try:
            recording = recording or await _begin(ctx, verb)
        except TwilioError:
            if await ctx.leg.gone_within(GONE_SECONDS):
                return End()  # what a channel refuses that is just hung up is no fault
            raise
        try:
            digits = await _until_over(ctx, keys, recording)
        finally:
            # Also when the caller hangs up or the call is updated: what was said is kept.
            try:
                await whole(recording.stop())
            finally:
                _transcribe(ctx, verb, recording)
                if ctx.leg.gone.done() and action is not None:
                    ctx.on_hangup = Fetch(action.endpoint, _params(recording, "hangup"))
    if ctx.leg.gone.done():
        await asyncio.sleep(GONE_SECONDS)  # the call ends this verb, and then tells the action
        return End()
    done = recording.record
    if action is None or done.status in (RecordingStatus.ABSENT, RecordingStatus.FAILED):
        return None
    return Goto(Fetch(action.endpoint, _params(recording, digits)))


def _transcribe(ctx: CallContext, verb: Record, recording: Recording) -> None:
    """Have what was said written down, when that is wanted, beside whatever follows."""
    done = recording.record
    if not verb.transcribe or done.status is not RecordingStatus.COMPLETED:
        return
    callback = None
    if verb.transcribe_callback:
        try:
            callback = ctx.fetch(verb.transcribe_callback, "POST").endpoint
        except TwilioError as error:
            ctx.problem(error)
    params = ctx.progress.voice_params()
    names = ("AccountSid", "ApiVersion", "CallSid", "CallStatus", "Direction", "ForwardedFrom")
    own = {name: params[name] for name in (*names, "From", "To") if name in params}
    if ctx.leg.gone.done():
        own["CallStatus"] = "completed"
    try:
        ctx.services.transcripts.begin(done, callback, own)
    except ValueError as error:
        ctx.problems.report(NOT_TRANSCRIBED, f"the recording is not transcribed: {error}")


class _Keys:
    """Listens for a key that ends the recording, from before it begins."""

    def __init__(self, ctx: CallContext, verb: Record) -> None:
        self.pressed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ctx = ctx
        self._ending = verb.finish_on_key
        self._unlisten: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        self._unlisten = self._ctx.leg.listen(self._on_key)
        return self

    def __exit__(self, *_: object) -> None:
        if self._unlisten is not None:
            self._unlisten()

    def _on_key(self, digit: str) -> None:
        if digit in self._ending and not self.pressed.done():
            self.pressed.set_result(digit)


async def _begin(ctx: CallContext, verb: Record) -> Recording:
    record = ctx.progress.record
    options = RecordingOptions(
        source=RecordingSource.RECORD_VERB,
        track=cast(RecordingTrack, verb.recording_track),
        trim=verb.trim == "trim-silence",
        callback=callback(ctx, verb),
    )
    return await ctx.services.recorder.caller(
        ctx.leg.channel_id,
        options,
        Limits(verb.max_length, verb.timeout),
        account_sid=record.account_sid,
        call_sid=record.sid,
    )


async def _until_over(ctx: CallContext, keys: _Keys, recording: Recording) -> str:
    """Wait until the recording is to end; returns the key that ended it, or ''."""
    over = asyncio.ensure_future(recording.over.wait())
    try:
        ends: set[asyncio.Future[Any]] = {over, keys.pressed, ctx.leg.gone}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        return keys.pressed.result() if keys.pressed.done() else ""
    finally:
        over.cancel()


def _action(ctx: CallContext, verb: Record) -> Fetch | None:
    """Return what is asked at the end; None for a document without a URL and no ``action``."""
    if not verb.action and ctx.document is None:
        return None
    return ctx.fetch(verb.action or "", verb.method)


def _params(recording: Recording, digits: str) -> dict[str, str]:
    """Return the action's own parameters."""
    done = recording.record
    params = {"Digits": digits} if digits else {}
    if done.status in (RecordingStatus.ABSENT, RecordingStatus.FAILED):
        return params
    params |= {"RecordingUrl": recording.url, "RecordingSid": done.sid}
    if done.duration is not None:
        params["RecordingDuration"] = str(done.duration)
    return params
