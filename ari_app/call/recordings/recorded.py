"""What TwiML says of recordings, as the recorder takes it."""

from __future__ import annotations

from typing import Literal, Protocol, cast

from ari_app.call.context import CallContext
from ari_app.call.recordings.recorder import RecordingOptions
from ari_app.call.recordings.recording import Recording
from ari_app.errors import TwilioError
from ari_app.model import HttpMethod, RecordingSource, RecordingTrack, StatusCallback
from twiml import Dial


class Told(Protocol):
    """A verb or noun with Twilio's attributes ``recordingStatusCallback…``."""

    @property
    def recording_status_callback(self) -> str | None:
        """Where the recording's progress is told."""

    @property
    def recording_status_callback_method(self) -> HttpMethod:
        """How it is told."""

    @property
    def recording_status_callback_event(self) -> tuple[str, ...]:
        """What is told: in-progress, completed, absent."""


def callback(ctx: CallContext, verb: Told) -> StatusCallback | None:
    """Return whom a recording is told to; a URL that cannot be used is reported and told nothing.

    A relative URL is taken relative to the running document.
    """
    if not verb.recording_status_callback:
        return None
    try:
        url = ctx.resolve(verb.recording_status_callback)
    except TwilioError as error:
        ctx.problem(error)
        return None
    return StatusCallback(
        url=url,
        method=verb.recording_status_callback_method,
        events=frozenset(verb.recording_status_callback_event),
    )


class DialRecording:
    """The recording that ``<Dial record>`` asks for: the caller's leg, from the named moment on.

    First channel the caller, second the callee. It ends with ``end`` or the caller's channel.
    """

    def __init__(self, ctx: CallContext, verb: Dial) -> None:
        self._ctx = ctx
        self._verb = verb
        # One that an earlier process began goes on.
        left = ctx.services.recorder.of_call(ctx.call_sid, RecordingSource.DIAL_VERB)
        self._recording: Recording | None = left[0] if left else None

    @property
    def url(self) -> str | None:
        """``RecordingUrl``, once it runs."""
        return self._recording.url if self._recording else None

    async def at(self, moment: Literal["ringing", "answer"]) -> None:
        """Begin if this is the moment; that it cannot be is reported and the Dial goes on."""
        ctx, verb = self._ctx, self._verb
        if self._recording is not None or not verb.record.startswith(f"record-from-{moment}"):
            return
        record = ctx.progress.record
        options = RecordingOptions(
            source=RecordingSource.DIAL_VERB,
            channels=2 if verb.record.endswith("-dual") else 1,
            track=cast("RecordingTrack", verb.recording_track),
            trim=verb.trim == "trim-silence",
            callback=callback(ctx, verb),
        )
        try:
            self._recording = await ctx.services.recorder.channel(
                ctx.leg.channel_id, options, account_sid=record.account_sid, call_sid=record.sid
            )
        except TwilioError as error:
            ctx.problem(error)

    async def end(self) -> None:
        """Stop recording; the file is made beside what follows."""
        if self._recording is not None:
            await self._recording.halt()
