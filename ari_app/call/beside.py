"""`<Start><Recording>` and `<Stop><Recording>`: a recording beside what the call does."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from ari_app.call.context import CallContext
from ari_app.call.recordings.recorder import RecordingOptions
from ari_app.call.recordings.recording import Recording
from ari_app.errors import TwilioError
from ari_app.model import RecordingSource, RecordingTrack, StatusCallback
from ari_app.urls import safe
from twiml import Recording as RecordingNoun

RELATIVE = 11200


async def start_recording(ctx: CallContext, noun: RecordingNoun) -> Recording:
    """Record the call until it is stopped or ends, whatever documents follow.

    Raises TwilioError: 16108 when the call is recorded already, 12400 when it cannot be.
    """
    record = ctx.progress.record
    options = RecordingOptions(
        source=RecordingSource.START_TWIML,
        channels=2 if noun.channels == "dual" else 1,
        track=cast("RecordingTrack", noun.track),
        trim=noun.trim == "trim-silence",
        callback=_callback(ctx, noun),
        name=noun.name or "",
    )
    return await ctx.services.recorder.channel(
        ctx.leg.channel_id, options, account_sid=record.account_sid, call_sid=record.sid
    )


async def stop_recording(ctx: CallContext, name: str) -> bool:
    """Stop what ``<Start>`` began by that name or SID; False when there is none."""
    for recording in ctx.services.recorder.of_call(ctx.call_sid, RecordingSource.START_TWIML):
        if name in (recording.record.name, recording.record.sid):
            await recording.halt()
            return True
    return False


def _callback(ctx: CallContext, noun: RecordingNoun) -> StatusCallback | None:
    """Return whom the recording is told to; only absolute URLs will do here (Twilio: 11200)."""
    url = noun.recording_status_callback
    if not url:
        return None
    if urlsplit(url).scheme not in ("http", "https"):
        text = "the recording's recordingStatusCallback must be absolute"
        ctx.problem(TwilioError(RELATIVE, text), url=safe(url))
        return None
    return StatusCallback(
        url=url,
        method=noun.recording_status_callback_method,
        events=frozenset(noun.recording_status_callback_event),
    )
