"""Announcements: a document that one participant hears, or the whole conference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.conference.voice import RoomVoice
from ari_app.call.context import CallContext
from ari_app.call.documents import DocumentError
from ari_app.call.nested import run_nested
from ari_app.call.outcome import Fetch
from ari_app.call.waiting import MUSIC_VERBS
from ari_app.model import Endpoint

if TYPE_CHECKING:
    from ari_app.call.conference.participant import Participant
    from ari_app.call.conference.room import Conference

log = structlog.get_logger(__name__)


async def announcement(
    conference: Conference, ctx: CallContext, source: Endpoint, participant: Participant | None
) -> None:
    """Run the document of ``source`` for one participant, or for all; tell how it went."""
    try:
        if participant is None:
            ctx = ctx.nested()
            ctx.leg = RoomVoice(await conference.bridge())
        await run_nested(ctx, Fetch(source), MUSIC_VERBS)
    except DocumentError:
        reason = "the document could not be had"
    except AriError as error:
        reason = str(error)
    else:
        conference.tell("announcement-end", participant, AnnounceUrl=source.url)
        return
    log.warning("conference.not_announced", conference_sid=conference.record.sid, reason=reason)
    conference.tell(
        "announcement-fail",
        participant,
        AnnounceUrl=source.url,
        ReasonAnnouncementFailed=reason,
    )
