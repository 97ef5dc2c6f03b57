"""After a restart of the app: calls that Asterisk kept are taken up where they stood.

Channels, bridges and streams outlive the app (design: failure rules). The store says which
calls this node had and which verb each was in; a call inside ``<Connect>`` keeps its stream,
told by the id of the bridge its channel is in.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from ari_app.ari.models import Channel
from ari_app.ari.reconcile import Snapshot
from ari_app.call.dialing import CODEC_VARIABLE, CODECS
from ari_app.call.journal import Journal
from ari_app.call.leg import Leg
from ari_app.call.outcome import Fetch, Inline, Resume, Source
from ari_app.call.ports import Services
from ari_app.call.progress import Progress
from ari_app.call.sweep import stream_of
from ari_app.model import Account, CallRecord, CallStatus, Checkpoint, Direction, Endpoint

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A call to go on with."""

    account: Account
    record: CallRecord
    leg: Leg
    source: Source
    #: The stream that is still running for it, when it stood in ``<Connect><Stream>``.
    stream_sid: str | None


async def adoptable(services: Services, snapshot: Snapshot) -> list[Adopted]:
    """Return the calls that can go on; those that ended meanwhile are settled here."""
    channels = {channel.id: channel for channel in snapshot.channels}
    adopted: list[Adopted] = []
    for record, place in await services.calls.unfinished(services.settings.node):
        channel = channels.get(record.channel_id)
        account = await services.platform.account(record.account_sid)
        source = _source(record, place)
        if channel is None or account is None or source is None or not _ours(channel):
            await _settle(services, record)
            continue
        leg = Leg(services.ari, channel.id, answered=record.start_time is not None, entered=True)
        codec = await leg.variable(CODEC_VARIABLE)
        leg.codec = codec if codec in CODECS else "ulaw"
        adopted.append(
            Adopted(account, record, leg, source, stream_of(snapshot.bridges, channel.id))
        )
    return adopted


def _ours(channel: Channel) -> bool:
    return channel.state in ("Up", "Ring", "Ringing")


def _source(record: CallRecord, place: Checkpoint | None) -> Source | None:
    """Where the call goes on; None when it cannot (an outbound call not answered yet)."""
    if place is not None and place.document:
        endpoint = Endpoint(url=place.url, method=place.method) if place.url else None
        return Resume(endpoint, place.document, place.verb)
    if record.direction is Direction.OUTBOUND_API and record.start_time is None:
        return None
    if record.twiml is not None:
        return Inline(record.twiml)
    return Fetch(record.voice or Endpoint(url=""))


async def _settle(services: Services, record: CallRecord) -> None:
    """End the record of a call that is no more, and tell its customer."""
    log.warning("call.lost", call_sid=record.sid)
    journal = Journal(record.sid)
    status = CallStatus.COMPLETED if record.start_time else CallStatus.FAILED
    Progress(services, journal, record, adopted=True).ended(status, None)
    await journal.flush()
