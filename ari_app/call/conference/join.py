"""``<Dial><Conference>``: a call's way into a conference and out of it again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from ari_app.call.conference.participant import Participant
from ari_app.call.context import CallContext
from ari_app.call.outcome import Fetch
from ari_app.call.recordings.recorded import callback
from ari_app.call.recordings.recorder import RecordingOptions
from ari_app.call.waiting import Music, fetch_music
from ari_app.call.whole import whole
from ari_app.errors import TwilioError
from ari_app.model import ParticipantRecord, RecordingSource, StatusCallback
from twiml import Dial, DialConference

log = structlog.get_logger(__name__)


async def join(ctx: CallContext, noun: DialConference, dial: Dial, told: dict[str, str]) -> None:
    """Be in the conference until it or the participant is done; ``told`` is for Dial's action.

    Raises TwilioError when he cannot join: 16020 full, 16025 label taken, 112xx when the
    ``waitUrl`` that he needs fails; AriError.
    """
    await ctx.answer()
    services = ctx.services
    account_sid = ctx.progress.record.account_sid
    starts = noun.start_conference_on_enter
    desk = services.conferences
    music = Music(_wait_source(ctx, noun))
    if music.source is not None and (
        (known := desk.named(account_sid, noun.name)) is None or known.would_wait(starts)
    ):
        music = await fetch_music(ctx, music)
    told_to = _callback(ctx, noun)
    conference = desk.open(services, account_sid, noun.name)
    now = services.now()
    record = ParticipantRecord(
        account_sid=account_sid,
        conference_sid=conference.record.sid,
        call_sid=ctx.call_sid,
        label=noun.participant_label or "",
        muted=noun.muted,
        coaching=bool(noun.coach),
        call_sid_to_coach=noun.coach or None,
        start_conference_on_enter=starts,
        end_conference_on_exit=noun.end_conference_on_exit,
        date_created=now,
        date_updated=now,
    )
    participant = Participant(
        ctx, conference, record, music, beep=noun.beep, star_leaves=dial.hangup_on_star
    )
    if conference.events.callback is None and conference.expects(ctx.leg.channel_id):
        conference.events.callback = told_to
    if conference.recording is None and noun.record == "record-from-start":
        conference.recording = RecordingOptions(
            RecordingSource.CONFERENCE,
            trim=noun.trim == "trim-silence",
            callback=_recording_callback(ctx, noun),
        )
    conference.enter(participant, noun.max_participants)
    log.info("conference.joined", call_sid=ctx.call_sid, conference_sid=conference.record.sid)
    told["DialCallStatus"] = "answered"
    try:
        async with asyncio.timeout(dial.time_limit):
            await participant.stay()
    except TimeoutError:
        log.info("conference.time_over", call_sid=ctx.call_sid)
    finally:
        await whole(conference.leave(participant))
        if participant.beep in ("true", "onExit"):
            conference.beep("onExit")


def _wait_source(ctx: CallContext, noun: DialConference) -> Fetch | str | None:
    """Where the music comes from; None: ours, '': silence."""
    if not noun.wait_url:
        return noun.wait_url
    return ctx.fetch(noun.wait_url, noun.wait_method)


def _callback(ctx: CallContext, noun: DialConference) -> StatusCallback | None:
    """Return where events are told; a URL that cannot be used is reported, and nothing told."""
    if not noun.status_callback:
        return None
    try:
        url = ctx.resolve(noun.status_callback)
    except TwilioError as error:
        ctx.problem(error)
        return None
    return StatusCallback(
        url=url,
        method=noun.status_callback_method,
        events=frozenset(noun.status_callback_event),
    )


def _recording_callback(ctx: CallContext, noun: DialConference) -> StatusCallback | None:
    """Return where the recording is told: ``eventCallbackUrl`` is its old name."""
    url = noun.recording_status_callback or noun.event_callback_url
    return callback(ctx, replace(noun, recording_status_callback=url))
