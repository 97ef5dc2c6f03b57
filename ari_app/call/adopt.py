"""After a restart of the app: calls that Asterisk kept are taken up where they stood.

Channels, bridges and streams outlive the app (docs/decisions, three processes). The store says
which calls this node had and which verb each was in; a call inside ``<Connect>`` keeps its
stream, told by the id of the bridge its channel is in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ari_app.ari.errors import AriError, Unavailable
from ari_app.ari.reconcile import Snapshot
from ari_app.call.dial.bridge import bridge_id
from ari_app.call.dialing import codec_of
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
    #: None: it is the child of a Dial and does what its parent wants.
    source: Source | None
    #: The stream that is still running for it, when it stood in ``<Connect><Stream>``.
    stream_sid: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What an earlier process has left: calls to go on with, and records of lost ones."""

    adopted: list[Adopted]
    lost: list[CallRecord]

    def lost_child(self, snapshot: Snapshot, parent: CallRecord) -> CallRecord | None:
        """Return the child that left the parent alone in their bridge while nobody looked."""
        for record in self.lost:
            if record.parent_call_sid == parent.sid and _is_in(
                snapshot, bridge_id(record.sid), parent.channel_id
            ):
                return record
        return None

    def part_orphans(self) -> None:
        """Give up children whose parent cannot go on."""
        kept = {one.record.sid for one in self.adopted}
        for one in [*self.adopted]:
            if one.source is None and one.record.parent_call_sid not in kept:
                self.adopted.remove(one)
                self.lost.append(one.record)
                one.leg.close()

    def let_go(self) -> None:
        """Stop listening to the channels, so that they can be looked for anew."""
        for one in self.adopted:
            one.leg.close()


async def find(services: Services, snapshot: Snapshot, ours: Callable[[CallRecord], bool]) -> Found:
    """Sort the unfinished calls of this node by whether they can go on.

    ``ours`` tells of a record whether this very process takes care of it. Raises what the
    store raises, and Unavailable when Asterisk does not answer; nothing is kept of it then.
    """
    found = Found([], [])
    try:
        for record, place in await services.calls.unfinished(services.settings.node):
            if ours(record):
                continue
            adopted = await _adopt(services, snapshot, record, place)
            if adopted is None:
                found.lost.append(record)
            else:
                found.adopted.append(adopted)
        found.part_orphans()
    except BaseException:
        found.let_go()  # else the next look would take these calls for our own
        raise
    return found


async def _adopt(
    services: Services, snapshot: Snapshot, record: CallRecord, place: Checkpoint | None
) -> Adopted | None:
    """Listen to a call's channel again; None when the call cannot go on."""
    account = await services.platform.account(record.account_sid)
    source = _source(record, place)
    alive = any(channel.id == record.channel_id for channel in snapshot.channels)
    if account is None or not alive or (source is None and not _is_joined(snapshot, record)):
        return None
    leg = await _leg(services, record)
    if leg is None:
        return None
    return Adopted(account, record, leg, source, stream_of(snapshot.bridges, record.channel_id))


def _is_joined(snapshot: Snapshot, record: CallRecord) -> bool:
    """Whether a child is in the bridge with its parent."""
    return _is_in(snapshot, bridge_id(record.sid), record.channel_id, least=2)


def _is_in(snapshot: Snapshot, name: str, channel_id: str, least: int = 1) -> bool:
    """Whether a channel is in the bridge ``name``, which holds ``least`` channels or more."""
    return any(
        bridge.id == name and channel_id in bridge.channels and len(bridge.channels) >= least
        for bridge in snapshot.bridges
    )


async def _leg(services: Services, record: CallRecord) -> Leg | None:
    """Listen to the channel again; None when Asterisk says that it has gone or will not do.

    Raises Unavailable when Asterisk says nothing: the call may well be alive.
    """
    ari = services.ari
    leg = Leg(ari, record.channel_id, entered=True)
    try:
        # Asked after the route was made, so that its end is either seen here or told to it.
        channel = await ari.channels.get(channel_id=record.channel_id)
        leg.answered = channel.state == "Up"
        await leg.absence.resume(channel.dialplan)
        leg.codec = await codec_of(leg)
        await leg.stop_left()
    except BaseException as error:
        leg.close()
        if not isinstance(error, AriError) or isinstance(error, Unavailable):
            raise
        log.warning("call.not_adopted", call_sid=record.sid, error=str(error))
        return None
    return leg


async def settle(services: Services, record: CallRecord) -> None:
    """End a call that cannot go on: its channel, its record, and its customer is told."""
    log.warning("call.lost", call_sid=record.sid)
    try:
        await services.ari.channels.hangup(channel_id=record.channel_id)
    except AriError as error:
        log.debug("call.channel_gone", call_sid=record.sid, error=str(error))
    journal = Journal(record.sid)
    status = CallStatus.COMPLETED if record.start_time else CallStatus.FAILED
    Progress(services, journal, record).ended(status, None)
    await journal.flush()


def _source(record: CallRecord, place: Checkpoint | None) -> Source | None:
    """Where the call goes on; None when it cannot (an outbound call not answered yet)."""
    if place is not None and place.document:
        endpoint = Endpoint(url=place.url, method=place.method) if place.url else None
        return Resume(endpoint, place.document, place.verb)
    if record.direction is Direction.OUTBOUND_DIAL:
        return None  # it does what its parent wants
    if record.direction is Direction.OUTBOUND_API and record.start_time is None:
        return None
    if record.twiml is not None:
        return Inline(record.twiml)
    return Fetch(record.voice or Endpoint(url=""))
