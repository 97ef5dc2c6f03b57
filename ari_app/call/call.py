"""One call: a task that walks TwiML until the call ends.

The task runs a *script* (document after document) and listens to *orders* (live update,
hang-up, time limit) and to the leg's end. Whatever comes first cancels the script, so no
verb knows of any of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from ari_app.ari.errors import AriError
from ari_app.ari.reconcile import Snapshot
from ari_app.call.causes import status_of
from ari_app.call.context import CallContext
from ari_app.call.dial.bridge import release_child
from ari_app.call.dial.child import Child, Family
from ari_app.call.dialing import CANCELLED, Dialing
from ari_app.call.documents import DocumentError, load
from ari_app.call.journal import Journal
from ari_app.call.leg import Leg
from ari_app.call.machine import detect
from ari_app.call.outcome import End, Source
from ari_app.call.ports import Services
from ari_app.call.problems import Problems
from ari_app.call.progress import Progress
from ari_app.call.recordings.recorder import RecordingOptions
from ari_app.call.recordings.recording import Recording
from ari_app.call.script import announce_failure, walk
from ari_app.call.stream import GONE_SECONDS, release_living
from ari_app.errors import TwilioError
from ari_app.model import (
    Account,
    CallRecord,
    CallStatus,
    Direction,
    Endpoint,
    MachineDetection,
    RecordingSource,
)

log = structlog.get_logger(__name__)

INTERNAL_ERROR = 12400
MAX_DURATION = 32015
#: Seconds that the last callback waits for the file of the call's own recording.
RECORDING_SECONDS = 5.0
#: What Asterisk answers to an INVITE that is hung up with cause 16.
DECLINED = 603


@dataclass(slots=True)
class _Order:
    """What somebody wants of the call; ``source`` None means: end it with ``status``."""

    source: Source | None
    status: CallStatus | None
    done: asyncio.Future[CallRecord]

    def settle(self, record: CallRecord) -> None:
        """Answer who gave the order, unless they have given up waiting."""
        if not self.done.done():
            self.done.set_result(record)


class Call:
    """A call from its first moment to its last callback."""

    def __init__(
        self,
        services: Services,
        account: Account,
        record: CallRecord,
        leg: Leg,
        *,
        family: Family,
        dialing: Dialing | None = None,
        child: Child | None = None,
        adopted: bool = False,
        living_stream: str | None = None,
        living_child: Child | None = None,
        lost_child: CallRecord | None = None,
        sip_params: Mapping[str, str] | None = None,
    ) -> None:
        """``dialing`` for a call that goes out, ``adopted`` for one of an earlier process.

        ``child`` is the parent's side of a call that a ``<Dial>`` makes: `run` without a source
        follows it. ``sip_params`` are webhook parameters that SIP told beyond the record.
        """
        self._services = services
        self._journal = Journal(record.sid)
        self._progress = Progress(services, self._journal, record)
        self._progress.sip_params = sip_params or {}
        self._problems = Problems(
            services, self._journal, account_sid=account.sid, call_sid=record.sid
        )
        self._leg = leg
        self._dialing = dialing
        self._child = child
        self._ctx = CallContext(
            services,
            leg,
            self._journal,
            self._progress,
            self._problems,
            services.webhooks.conversation(auth_token=account.auth_token, call_sid=record.sid),
            account,
            family,
        )
        self._ctx.living_stream = living_stream
        self._ctx.living_child = living_child
        self._ctx.lost_child = lost_child
        if adopted and leg.answered and record.start_time is None:
            self._progress.answered()  # it was, and that was not written any more
        self._orders: asyncio.Queue[_Order] = asyncio.Queue()
        self._ended: asyncio.Future[CallRecord] = asyncio.get_running_loop().create_future()
        self._closing = False
        #: How the call is recorded from its answer on; None: it is not.
        self.record_with: RecordingOptions | None = None
        self._recording: Recording | None = None
        #: Whether it is to be found out if a machine answered; None: it is not.
        self.detect_with: MachineDetection | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def record(self) -> CallRecord:
        """The call as it is now."""
        return self._progress.record

    @property
    def leg(self) -> Leg:
        """The call's channel."""
        return self._leg

    @property
    def context(self) -> CallContext:
        """The call as its verbs see it, for what REST does beside them."""
        return self._ctx

    @property
    def living_stream(self) -> str | None:
        """SID of an earlier process's stream that this call is still to take over or stop."""
        return self._ctx.living_stream

    @property
    def ended(self) -> asyncio.Future[CallRecord]:
        """Done with the final record when the call is over."""
        return self._ended

    async def redirect(self, source: Source) -> CallRecord:
        """Stop the running verb and run ``source``; returns when the verb has stopped."""
        return await self._order(source, None)

    async def end(self, status: CallStatus) -> CallRecord:
        """Hang up; returns the final record."""
        return await self._order(None, status)

    def change(self, **changes: object) -> CallRecord:
        """Change what the record says of callbacks and limits while the call goes on."""
        self._progress.change(**changes)
        if self._timer is not None and not self._closing:
            self._arm_timer()
        return self.record

    def insert(self) -> None:
        """Have the record remembered before anything else of the call."""
        record = self.record
        self._journal.later(lambda: self._services.calls.insert(record))

    async def run(self, source: Source | None) -> None:
        """Walk from ``source`` to the end of the call; never raises but CancelledError.

        Without a source the call is a child and does what its parent wants.
        """
        structlog.contextvars.bind_contextvars(call_sid=self.record.sid)
        self._services.trace.call(self.record, "begun")
        end = End(status=CallStatus.FAILED)
        try:
            end = await self._drive(source)
        except Exception as error:
            log.exception("call.internal_error", call_sid=self.record.sid)
            self._problems.report(INTERNAL_ERROR, f"internal failure: {error!r}")
        finally:
            if self._timer is not None:
                self._timer.cancel()
            await self._finish(end)

    async def catch_up(self, snapshot: Snapshot) -> None:
        """Learn what happened while the connection to Asterisk was down."""
        for channel in snapshot.channels:
            if channel.id == self._leg.channel_id:
                await self._leg.catch_up(channel)

    async def flush(self) -> None:
        """Wait until all that must be remembered of the call has been written."""
        await self._journal.flush()

    async def _order(self, source: Source | None, status: CallStatus | None) -> CallRecord:
        done: asyncio.Future[CallRecord] = asyncio.get_running_loop().create_future()
        if self._closing:
            return await asyncio.shield(self._ended)
        self._orders.put_nowait(_Order(source, status, done))
        return await done

    async def _drive(self, source: Source | None) -> End:
        """Run scripts until one ends the call, an order does, or the leg goes."""
        step = asyncio.create_task(self._script(self._first(source)))
        while True:
            order = asyncio.create_task(self._orders.get())
            try:
                first: set[asyncio.Future[Any]] = {step, order, self._leg.gone}
                await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                await _cancel(step)
                raise
            finally:
                if not order.done():
                    order.cancel()
            if order.done() and not order.cancelled():
                wanted = order.result()
                self._ctx.ending = wanted.source is None
                await _cancel(step)
                if wanted.source is None or self._leg.gone.done():
                    self._orders.put_nowait(wanted)  # answered with the final record
                    outbound = self.record.direction is not Direction.INBOUND
                    return End(
                        status=wanted.status or CallStatus.COMPLETED,
                        sip_code=CANCELLED if outbound else None,
                    )
                wanted.settle(self.record)
                step = asyncio.create_task(self._script(self._replace(wanted.source)))
                continue
            if self._leg.gone.done():
                await _cancel(step)
                return End()
            return step.result()

    async def _first(self, source: Source | None) -> End:
        """Dial when the call goes out, then run the first script."""
        if self._dialing is not None:
            failed = await self._dialing.run(self._leg, self._progress)
            if failed is not None:
                return failed
            self._progress.answered()
            self._arm_timer()
            await self._record()
            await self._detect()
            if self._child is not None:
                self._child.answered.set()
            if self._dialing.send_digits:
                await self._leg.send_digits(self._dialing.send_digits)
        else:
            self._arm_timer()
        if source is not None:
            return await self._walk(source)
        return End() if self._child is None else await self._child.run(self._ctx)

    async def _detect(self) -> None:
        """Find out who answered: now, or beside what the call does."""
        wanted = self.detect_with
        if wanted is None:
            return
        if wanted.callback is not None:
            told = partial(self._detect_beside, wanted, wanted.callback)
            self._ctx.background.start("detection", "machine", told)
            return
        verdict = await detect(self._leg, self._services.settings.app, wanted)
        self._progress.detected(verdict.params())

    async def _detect_beside(self, wanted: MachineDetection, callback: Endpoint) -> None:
        verdict = await detect(self._leg, self._services.settings.app, wanted)
        record = self._progress.detected(verdict.params())
        self._journal.later(
            lambda: self._services.callbacks.enqueue(
                url=callback.url,
                method=callback.method,
                params={
                    "CallSid": record.sid,
                    "AccountSid": record.account_sid,
                    **verdict.params(),
                },
                account_sid=record.account_sid,
                call_sid=record.sid,
            )
        )

    async def _record(self) -> None:
        """Begin the recording that was asked for with the call; that it fails is told only."""
        if self.record_with is None:
            return
        record = self.record
        try:
            self._recording = await self._services.recorder.channel(
                self._leg.channel_id,
                self.record_with,
                account_sid=record.account_sid,
                call_sid=record.sid,
            )
        except TwilioError as error:
            self._ctx.problem(error)

    async def _script(self, script: Coroutine[Any, Any, End]) -> End:
        """Run a script; what Asterisk refuses ends it."""
        try:
            return await script
        except AriError as error:
            # A channel that has just gone is refused everything: its end may be told later.
            if not await self._leg.gone_within(GONE_SECONDS):
                self._problems.report(INTERNAL_ERROR, f"Asterisk refused a request: {error}")
            return End(status=CallStatus.FAILED)

    async def _walk(self, source: Source) -> End:
        """Run documents until one ends the call; that there is none is announced."""
        try:
            return await walk(self._ctx, await load(self._ctx, source))
        except DocumentError:
            return await announce_failure(self._ctx)

    async def _replace(self, source: Source) -> End:
        """Run ``source`` instead of what ran before."""
        self._ctx.on_hangup = self._ctx.lost_child = None
        if self._child is not None:
            self._child.parted.set()
        await release_living(self._ctx)
        await release_child(self._ctx)
        return await self._walk(source)

    def _arm_timer(self) -> None:
        """End the call ``time_limit`` seconds after its answer (or, unanswered, from now)."""
        if self._timer is not None:
            self._timer.cancel()
        start = self.record.start_time
        gone = (self._services.now() - start).total_seconds() if start else 0.0
        left = max(0.0, self.record.time_limit - gone)
        self._timer = asyncio.get_running_loop().call_later(left, self._out_of_time)

    def _out_of_time(self) -> None:
        if self._child is None:  # the limit of a Dial is no trouble
            self._problems.report(MAX_DURATION, f"the call lasted {self.record.time_limit} s")
        done: asyncio.Future[CallRecord] = asyncio.get_running_loop().create_future()
        self._orders.put_nowait(_Order(None, CallStatus.COMPLETED, done))

    async def _finish(self, end: End) -> None:
        """Hang up if the leg is still there, settle the record, tell who must know."""
        self._closing = True
        by_caller = self._leg.gone.done()
        try:
            if not by_caller:
                await self._leg.hangup(end.cause)
            await release_living(self._ctx)
            await release_child(self._ctx)
            await self._ctx.background.close()
            await self._tell_recording()
        except Exception:  # whatever it is, the call is over
            log.exception("call.cleanup_failed", call_sid=self.record.sid)
        finally:
            try:
                self._tell_end(end, by_caller)
            finally:
                self._let_go()

    async def _tell_recording(self) -> None:
        """Have the last callback name the recording that was asked for with the call."""
        recording = self._recording or self._services.recorder.last(
            self.record.sid, RecordingSource.OUTBOUND_API
        )
        if recording is None:
            return
        try:
            async with asyncio.timeout(RECORDING_SECONDS):
                record = await recording.finished()
        except TimeoutError:
            record = recording.record
        if record.duration:
            self._progress.recording_params = {
                "RecordingUrl": recording.url,
                "RecordingSid": record.sid,
                "RecordingDuration": str(record.duration),
            }

    def _tell_end(self, end: End, by_caller: bool) -> None:
        """Settle the record and tell the customer."""
        gone = self._leg.gone.result() if self._leg.gone.done() else None
        sip_code = gone.sip_code if gone else None
        if self._leg.answered:
            status, sip_code = CallStatus.COMPLETED, 200
        elif by_caller and self.record.direction is Direction.INBOUND:
            status, sip_code = CallStatus.NO_ANSWER, CANCELLED  # the caller gave up
        elif by_caller and gone is not None:
            status = status_of(gone.cause, gone.sip_code)
        elif self.record.direction is Direction.INBOUND:
            status, sip_code = end.status, end.sip_code or DECLINED
        else:
            status, sip_code = end.status, end.sip_code
        self._tell_action(by_caller)
        self._progress.ended(status, sip_code)

    def _let_go(self) -> None:
        """Answer everybody who waits for the end."""
        self._leg.close()
        self._ended.set_result(self.record)
        if self._child is not None:
            self._child.over.set()
        while not self._orders.empty():
            self._orders.get_nowait().settle(self.record)

    def _tell_action(self, by_caller: bool) -> None:
        """Ask the running verb's action once when the caller left inside it."""
        action = self._ctx.on_hangup
        if not by_caller or action is None:
            return
        params = {**self._progress.voice_params(), **action.params, "CallStatus": "completed"}
        record = self.record
        self._journal.later(
            lambda: self._services.callbacks.enqueue(
                url=action.endpoint.url,
                method=action.endpoint.method,
                params=params,
                account_sid=record.account_sid,
                call_sid=record.sid,
            )
        )


async def _cancel(task: asyncio.Task[End]) -> None:
    """Cancel a script and wait until it has cleaned up; its failure is logged, not raised."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()):
        log.warning("call.script_failed", error=repr(error))
