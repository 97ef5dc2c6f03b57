"""All calls of this node: new ones come in or go out, running ones are found and changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.ari.events import Event, StasisStart
from ari_app.ari.reconcile import Snapshot
from ari_app.call.absence import BACK, REFER
from ari_app.call.adopt import Found, find, settle
from ari_app.call.call import Call
from ari_app.call.context import CallContext
from ari_app.call.dial.bridge import bridge_id
from ari_app.call.dial.child import Child, Plan, dialing_of
from ari_app.call.dial.credentials import Credentials
from ari_app.call.dialing import Dialing
from ari_app.call.inbound import InboundCall, admit, parse_arguments
from ari_app.call.leg import Leg
from ari_app.call.outcome import Fetch, Inline, Source
from ari_app.call.ports import Services
from ari_app.call.recordings.recorder import RecordingOptions
from ari_app.call.sip import dial_string
from ari_app.call.stream import stop_unclaimed
from ari_app.call.sweep import sweep
from ari_app.model import (
    Account,
    CallRecord,
    CallStatus,
    Direction,
    Endpoint,
    MachineDetection,
    RecordingRecord,
    StatusCallback,
    TranscriptionRecord,
)
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

#: Seconds that an update or hang-up may take before the API says that it cannot know.
ORDER_TIMEOUT = 10.0
#: Seconds between looks for calls to adopt while the store or Asterisk is away.
ADOPTION_RETRY = 0.5


class UnknownCallError(Exception):
    """No running call of that SID on this node."""


class WrongStateError(Exception):
    """The call is in a state in which this cannot be done."""


class DrainingError(Exception):
    """This node takes no new calls."""


class CallManager:
    """The calls of one node and their life."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._calls: dict[str, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._starting: set[str] = set()
        self._adopted = False
        self._on_change: list[Callable[[], None]] = []
        services.ari.on_unrouted(self._on_unrouted)
        services.ari.on_reconnect(self._on_connect)
        services.streams.on_attached(self._on_worker)

    @property
    def active(self) -> int:
        """How many calls are running."""
        return len(self._calls)

    @property
    def draining(self) -> bool:
        """Whether new calls are refused."""
        return self._draining

    @property
    def adopted(self) -> bool:
        """Whether the calls of an earlier process have been taken up."""
        return self._adopted

    @property
    def sids(self) -> list[str]:
        """SIDs of the running calls."""
        return list(self._calls)

    def on_change(self, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever a call has come or gone, and when draining begins."""
        self._on_change.append(handler)

    def get(self, account_sid: str, call_sid: str) -> CallRecord | None:
        """Return a running call of the account, as it is this moment."""
        call = self._calls.get(call_sid)
        if call is None or call.record.account_sid != account_sid:
            return None
        return call.record

    async def create(
        self,
        account: Account,
        *,
        to: str,
        from_: str,
        voice: Endpoint | None,
        twiml: str | None,
        fallback: Endpoint | None = None,
        status_callback: StatusCallback | None = None,
        ring_seconds: int = 60,
        time_limit: int = 14_400,
        send_digits: str = "",
        caller_id: str | None = None,
        credentials: Credentials | None = None,
        record: RecordingOptions | None = None,
        detection: MachineDetection | None = None,
    ) -> CallRecord:
        """Start an outbound call; returns its record in state ``queued``.

        With ``record`` it is recorded from its answer on.
        Raises DrainingError, and ValueError when ``to`` leads nowhere (no outbound route is set).
        """
        if self._draining:
            raise DrainingError
        services = self._services
        routes = services.settings
        endpoint = dial_string(to, routes.outbound_sip_uri, routes.client_sip_uri)
        queued = self._queued(
            account_sid=account.sid,
            from_=from_,
            to=to,
            voice=voice,
            twiml=twiml,
            fallback=fallback,
            status_callback=status_callback,
            caller_id=caller_id,
            timeout=ring_seconds,
            time_limit=time_limit,
        )
        dialing = Dialing(
            app=services.settings.app,
            endpoint=endpoint,
            caller_id=caller_id or from_,
            ring_seconds=ring_seconds,
            send_digits=send_digits,
            credentials=credentials,
        )
        source: Source = Inline(twiml or "") if voice is None else Fetch(voice)
        self._starting.add(queued.sid)
        try:
            await services.calls.insert(queued)
            leg = Leg(services.ari, queued.channel_id)
            call = Call(services, account, queued, leg, family=self, dialing=dialing)
            call.record_with, call.detect_with = record, detection
            self._start(call, source)
        finally:
            self._starting.discard(queued.sid)
        return queued

    def dial(self, parent: CallContext, plan: Plan) -> Child:
        """Start a child call of ``parent`` (its account, its record's SID)."""
        services, family = self._services, parent.progress.record
        record = self._queued(
            Direction.OUTBOUND_DIAL,
            CallStatus.INITIATED,
            account_sid=family.account_sid,
            parent_call_sid=family.sid,
            from_=plan.from_,
            to=plan.to,
            status_callback=plan.status_callback,
            timeout=plan.ring_seconds,
            time_limit=plan.time_limit,
        )
        child = Child(plan.whisper)
        child.call = Call(
            services,
            parent.account,
            record,
            Leg(services.ari, record.channel_id),
            family=self,
            dialing=dialing_of(plan, record, services.settings.app, parent.leg.codec),
            child=child,
        )
        child.call.detect_with = plan.detection
        # Not awaited: a call goes on while the store is away.
        child.call.insert()
        self._start(child.call, None)
        return child

    def _queued(
        self,
        direction: Direction = Direction.OUTBOUND_API,
        status: CallStatus = CallStatus.QUEUED,
        **fields: Any,
    ) -> CallRecord:
        """Return the record of a new outbound call; its SID is its channel's id too."""
        sid, now = new_sid("CA"), self._services.now()
        return CallRecord(
            sid=sid,
            direction=direction,
            status=status,
            node=self._services.settings.node,
            channel_id=sid,
            date_created=now,
            date_updated=now,
            **fields,
        )

    async def redirect(self, account_sid: str, call_sid: str, source: Source) -> CallRecord:
        """Give an answered call a new document; returns when the old one has stopped.

        Raises UnknownCallError and WrongStateError.
        """
        call = self._find(account_sid, call_sid)
        if call.record.status is not CallStatus.IN_PROGRESS:
            raise WrongStateError
        async with asyncio.timeout(ORDER_TIMEOUT):
            record = await call.redirect(source)
        if record.status.final:
            raise WrongStateError
        return record

    async def end(self, account_sid: str, call_sid: str, status: CallStatus) -> CallRecord:
        """End a call as ``completed`` or ``canceled``; returns the final record.

        ``canceled`` leaves an answered call alone, as Twilio does. Raises UnknownCallError.
        """
        call = self._find(account_sid, call_sid)
        if status is CallStatus.CANCELED and call.record.status is CallStatus.IN_PROGRESS:
            return call.record
        async with asyncio.timeout(ORDER_TIMEOUT):
            record = await call.end(status)
            await call.flush()  # what is fetched next is what was answered here
            return record

    def change(self, account_sid: str, call_sid: str, **changes: Any) -> CallRecord:
        """Change callbacks, fallback or limits of a running call; raises UnknownCallError."""
        return self._find(account_sid, call_sid).change(**changes)

    def context(self, account_sid: str, call_sid: str) -> CallContext:
        """Return an answered call as verbs see it, to do something beside them.

        Raises UnknownCallError and WrongStateError.
        """
        call = self._find(account_sid, call_sid)
        if call.record.status is not CallStatus.IN_PROGRESS:
            raise WrongStateError
        return call.context

    async def give_up(self, sids: Sequence[str]) -> None:
        """End calls that another node has ended in the books while this one was away.

        Their customers were told; the outbox takes no second word of it.
        """
        calls = [self._calls[sid] for sid in sids if sid in self._calls]
        for call in calls:
            log.warning("call.given_up", call_sid=call.record.sid)
        if calls:
            ends = {asyncio.create_task(call.end(_ended_as(call.record))) for call in calls}
            await asyncio.wait(ends, timeout=ORDER_TIMEOUT)

    async def drain(self, seconds: float) -> None:
        """Refuse new calls, let running ones finish up to ``seconds``, then end them."""
        self._draining = True
        self._changed()
        if self._tasks:
            log.info("node.draining", calls=len(self._calls), seconds=seconds)
            await asyncio.wait(set(self._tasks), timeout=seconds)
        if self._calls:
            calls = list(self._calls.values())
            await asyncio.wait(
                {asyncio.create_task(call.end(_ended_as(call.record))) for call in calls},
                timeout=ORDER_TIMEOUT,
            )
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=ORDER_TIMEOUT)
        await self._services.recorder.drain(ORDER_TIMEOUT)

    def _find(self, account_sid: str, call_sid: str) -> Call:
        call = self._calls.get(call_sid)
        if call is None or call.record.account_sid != account_sid:
            raise UnknownCallError
        return call

    def _on_unrouted(self, event: Event) -> None:
        """Take a channel that no call knows: a new inbound call, or one to be sent away."""
        if not isinstance(event, StasisStart):
            return
        inbound = parse_arguments(event)
        if inbound is None and not self._adopted and event.args[:1] in ([REFER], [BACK]):
            return  # back from the dialplan before its call is adopted, else swept
        if inbound is None:
            log.warning("channel.unknown", channel_id=event.channel.id, args=event.args)
            self._spawn(_hang_up(self._services.ari, event.channel.id))
            return
        leg = Leg(
            self._services.ari,
            event.channel.id,
            codec=inbound.codec,
            answered=event.channel.state == "Up",
            entered=True,
        )
        self._spawn(self._inbound(inbound, leg))

    async def _on_connect(self, snapshot: Snapshot) -> None:
        """Take up an earlier process's calls (once), then clear what nobody owns."""
        if self._adopted:
            await asyncio.gather(*(call.catch_up(snapshot) for call in [*self._calls.values()]))
        elif not await self._adopt(snapshot):
            return
        services = self._services
        await sweep(services.ari, services.settings.app, snapshot, self._owned)

    def _owned(self, name: str) -> bool:
        """Whether the channel or bridge is used here, or belongs to a stream that will be."""
        services = self._services
        stream_sid = name.removesuffix("-media").removesuffix("-bridge")
        return (
            services.ari.routed(name)
            or services.ari.routed(f"{stream_sid}-media")
            or services.bridges.owns(name)
            or stream_sid in self._kept_streams()
        )

    async def _adopt(self, snapshot: Snapshot) -> bool:
        """Take up an earlier process's calls; tells whether that could be done."""
        services = self._services
        left = await self._left_behind(snapshot)
        if left is None:
            return False
        found, recordings, transcriptions = left
        self._adopted = True
        services.recorder.adopt(recordings)
        services.transcripts.adopt(transcriptions)
        children: dict[str | None, Child] = {}
        # Children first, for their parents to find.
        for one in sorted(found.adopted, key=lambda one: one.source is not None):
            child = Child.adopted() if one.source is None else None
            log.info("call.adopted", call_sid=one.record.sid, stream=one.stream_sid)
            call = Call(
                services,
                one.account,
                one.record,
                one.leg,
                family=self,
                child=child,
                adopted=True,
                living_stream=one.stream_sid,
                living_child=children.get(one.record.sid),
                lost_child=found.lost_child(snapshot, one.record),
            )
            if child is not None:
                child.call = call
                children[one.record.parent_call_sid] = child
                services.bridges.claim(bridge_id(one.record.sid))
            self._start(call, one.source)
        for record in found.lost:
            self._spawn(settle(services, record))
        self._stop_unclaimed()
        return True

    def _on_worker(self) -> None:
        """A worker is there, perhaps too late for the calls of the streams that it has."""
        if self._adopted:
            self._stop_unclaimed()

    def _stop_unclaimed(self) -> None:
        """Stop streams of an earlier process that no adopted call is still to go on with."""
        kept = self._kept_streams()
        for sid in self._services.streams.unclaimed:
            if sid not in kept:
                self._spawn(stop_unclaimed(self._services, sid))

    def _kept_streams(self) -> set[str]:
        return {call.living_stream for call in self._calls.values() if call.living_stream}

    async def _left_behind(
        self, snapshot: Snapshot
    ) -> tuple[Found, Sequence[RecordingRecord], Sequence[TranscriptionRecord]] | None:
        """Look for calls and recordings to adopt, again while the store or Asterisk is away.

        None when the connection to Asterisk was made anew meanwhile: the snapshot is old then.
        """
        ari = self._services.ari
        connect = ari.connects
        while ari.connects == connect:
            try:
                recordings = await self._services.recorder.unfinished()
                transcriptions = await self._services.transcripts.unfinished()
                await self._services.conferences.revive(self._services, snapshot)
                found = await find(self._services, snapshot, self._is_ours)
            except Exception as error:  # nothing may be hung up before this is known
                log.warning("call.adoption_waits", error=repr(error))
                await asyncio.sleep(ADOPTION_RETRY)
                continue
            if ari.connects == connect:
                return found, recordings, transcriptions
            found.let_go()
        return None

    def _is_ours(self, record: CallRecord) -> bool:
        return (
            record.sid in self._calls
            or record.sid in self._starting
            or self._services.ari.routed(record.channel_id)
        )

    async def _inbound(self, inbound: InboundCall, leg: Leg) -> None:
        admitted = None
        try:
            admitted = await admit(self._services, inbound, leg, draining=self._draining)
        finally:
            if admitted is None:
                leg.close()
        if admitted is None:
            return
        call = Call(
            self._services,
            admitted.account,
            admitted.record,
            leg,
            family=self,
            sip_params=admitted.sip_params,
        )
        await self._run(call, admitted.source)

    def _start(self, call: Call, source: Source | None) -> None:
        self._calls[call.record.sid] = call
        self._spawn(self._run(call, source))

    async def _run(self, call: Call, source: Source | None) -> None:
        sid = call.record.sid
        self._calls[sid] = call
        self._changed()
        try:
            await call.run(source)
            await call.flush()
        finally:
            self._calls.pop(sid, None)
            self._changed()

    def _changed(self) -> None:
        for handler in self._on_change:
            handler()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("call.task_failed", error=repr(error), exc_info=error)


def _ended_as(call: CallRecord) -> CallStatus:
    """What a call becomes that is ended with the node: one that still rings is canceled."""
    rings = call.direction is not Direction.INBOUND and call.start_time is None
    return CallStatus.CANCELED if rings else CallStatus.COMPLETED


async def _hang_up(ari: AriClient, channel_id: str) -> None:
    try:
        await ari.channels.hangup(channel_id=channel_id)
    except AriError as error:
        log.info("channel.hangup_failed", channel_id=channel_id, error=str(error))
