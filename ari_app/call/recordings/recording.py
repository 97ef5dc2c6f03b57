"""One recording: it runs, pauses, ends, and becomes a file; its customer is told.

Twilio: Recording resource and recording status callbacks. A recording belongs to no verb: it
ends by ``stop``, by itself, or with its channel, and is then made into a WAV beside the call.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.ari.events import (
    ChannelDestroyed,
    Event,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
)
from ari_app.ari.special import ChannelGone
from ari_app.call.journal import Journal
from ari_app.call.ports import (
    Callbacks,
    NotificationStore,
    RecordingFiles,
    RecordingStore,
)
from ari_app.call.problems import Problems
from ari_app.call.recordings.tape import (
    UNLIMITED,
    Limits,
    ari_name,
    halt,
    next_file,
    roll,
    rolls,
    tracks,
)
from ari_app.call.trace import Trace, Unwatched
from ari_app.call.whole import whole
from ari_app.errors import TwilioError
from ari_app.model import RecordingRecord, RecordingSource, RecordingStatus, Tape
from ari_app.params import API_VERSION, recording_status_params

log = structlog.get_logger(__name__)

INTERNAL_ERROR = 12400
TOO_SHORT, SILENT = 16101, 16102
#: Seconds of audio below which a recording is too short rather than silent.
SHORT = 0.1
#: Seconds between tries to make the file while the disk will not take it.
RETRY_SECONDS = 30.0
#: Seconds between looks whether a bridge's recording still runs.
LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Studio:
    """What all recordings of a node share."""

    ari: AriClient
    store: RecordingStore
    files: RecordingFiles
    callbacks: Callbacks
    notifications: NotificationStore
    now: Callable[[], datetime]
    node: str
    #: Base of the URLs handed out, without a final slash.
    base_url: str
    #: Who watches the calls.
    trace: Trace = field(default_factory=Unwatched)


class Recording:
    """A recording from its first moment to its last callback."""

    def __init__(self, studio: Studio, record: RecordingRecord, tape: Tape) -> None:
        self._studio = studio
        self._record = record
        self._tape = tape
        self._journal = Journal(record.call_sid or record.sid)
        self._problems = Problems(
            studio,
            self._journal,
            account_sid=record.account_sid,
            call_sid=record.call_sid or "",
        )
        self._over = asyncio.Event()
        self._halted = asyncio.Event()
        self._lock = asyncio.Lock()
        self._done: asyncio.Future[RecordingRecord] = asyncio.get_running_loop().create_future()
        self._route = None
        if tape.kind != "bridge":
            self._route = studio.ari.route(tape.target, self._on_event)

    @property
    def record(self) -> RecordingRecord:
        """The recording as it is now."""
        return self._record

    @property
    def url(self) -> str:
        """Its address, without a suffix (``RecordingUrl``)."""
        record = self._record
        path = f"{API_VERSION}/Accounts/{record.account_sid}/Recordings/{record.sid}"
        return f"{self._studio.base_url}/{path}"

    @property
    def over(self) -> asyncio.Event:
        """Set when no more is recorded; the file may not be ready yet."""
        return self._over

    async def begin(self, limits: Limits = UNLIMITED) -> None:
        """Start recording; raises TwilioError 12400 when that cannot be, which is told too."""
        studio, first = self._studio, self._record
        self._journal.later(lambda: studio.store.insert(first))
        async with self._lock:
            reason = await studio.files.no_room()
            if not reason:
                try:
                    await whole(self._roll(0.0, limits))
                except AriError as error:
                    reason = str(error)
        if reason:
            self._close(RecordingStatus.FAILED, error_code=INTERNAL_ERROR)
            raise TwilioError(INTERNAL_ERROR, f"cannot record: {reason}")
        log.info("recording.started", recording_sid=self._record.sid, kind=self._tape.kind)
        self._tell()

    async def pause(self, *, silent: bool) -> RecordingRecord:
        """Record nothing until ``resume``, or with ``silent`` put silence there. Raises AriError.

        Raises ValueError for a recording that cannot pause (``<Record>``).
        """
        if self._tape.kind == "channel":
            raise ValueError("a <Record> cannot be paused")
        async with self._lock:
            if self._record.status is RecordingStatus.IN_PROGRESS and not self._over.is_set():
                await whole(halt(self._studio.ari, self._tape))
                self._tape = msgspec.structs.replace(
                    self._tape, paused_at=self._studio.now(), silent=silent
                )
                self._change(status=RecordingStatus.PAUSED, tape=self._tape)
        return self._record

    async def resume(self) -> RecordingRecord:
        """Go on after a pause. Raises AriError."""
        async with self._lock:
            if self._record.status is RecordingStatus.PAUSED and not self._over.is_set():
                await whole(self._roll(self._silence()))
                self._change(status=RecordingStatus.IN_PROGRESS)
        return self._record

    async def halt(self) -> None:
        """End the recording; returns when nothing more gets into it. Its file is made later."""
        self._over.set()
        await self._halted.wait()

    async def stop(self) -> RecordingRecord:
        """End the recording; returns it with its file ready, or ``processing`` if that waits."""
        self._over.set()
        return await self.finished()

    async def finished(self) -> RecordingRecord:
        """Wait for the end, however it comes; returns as ``stop`` does."""
        return await asyncio.shield(self._done)

    async def run(self, *, adopted: bool = False) -> None:
        """Wait for the end and make the file; never raises but CancelledError.

        ``adopted``: an earlier process began it, and it may be over.
        """
        try:
            if adopted:
                await self._go_on()
            await self._until_over()
            async with self._lock:
                if not self._record.status.final:
                    await self._end()
        except Exception as error:
            log.exception("recording.internal_error", recording_sid=self._record.sid)
            self._problems.report(INTERNAL_ERROR, f"internal failure of a recording: {error!r}")
            self._close(RecordingStatus.FAILED, error_code=INTERNAL_ERROR)
        await self._journal.flush()

    async def _go_on(self) -> None:
        """Find out whether an earlier process's recording still runs."""
        status, tape = self._record.status, self._tape
        if status is RecordingStatus.PROCESSING or not tape.segments:
            self._over.set()
        elif tape.kind == "bridge" and status is RecordingStatus.PAUSED:
            return  # ARI knows of none: whoever resumes it will see
        elif not await rolls(self._studio.ari, tape):
            self._over.set()

    async def _until_over(self) -> None:
        """Wait for the end. That of a bridge is told to nobody: it is asked for."""
        if self._tape.kind != "bridge":
            await self._over.wait()
        while not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._over.wait()
            async with self._lock:
                running = self._record.status is RecordingStatus.IN_PROGRESS
                known = running and bool(self._tape.segments)
                if known and not await rolls(self._studio.ari, self._tape):
                    self._over.set()

    async def _roll(self, silence: float, limits: Limits = UNLIMITED) -> None:
        studio, tape = self._studio, self._tape
        path = studio.files.raw(next_file(tape, self._record.sid))
        self._tape = await roll(studio.ari, tape, path, silence, limits)
        self._change(tape=self._tape)

    def _silence(self) -> float:
        """Seconds of silence that stand for the pause that ends now."""
        paused_at = self._tape.paused_at
        if paused_at is None or not self._tape.silent:
            return 0.0
        return max(0.0, (self._studio.now() - paused_at).total_seconds())

    async def _end(self) -> None:
        if self._tape.paused_at is None and self._tape.segments:
            try:
                await halt(self._studio.ari, self._tape)
            except AriError as error:
                log.warning("recording.halt_failed", error=str(error))
            self._halted.set()
            await self._studio.files.closed(self._tape.segments[-1].file)
        self._halted.set()
        if self._record.status is not RecordingStatus.PROCESSING:
            self._change(status=RecordingStatus.PROCESSING)
        self._unroute()
        while not await self._made():
            # Whoever waits for the end has waited enough; the raw audio is kept.
            if not self._done.done():
                self._done.set_result(self._record)
            await asyncio.sleep(RETRY_SECONDS)

    async def _made(self) -> bool:
        """Make the file and settle the record; False when the disk would not take it."""
        files, record = self._studio.files, self._record
        raw_tracks: Literal[1, 2] = 2 if tracks(self._tape) == 2 else 1
        try:
            made = await files.finish(
                record.sid,
                [(segment.file, segment.silence) for segment in self._tape.segments],
                raw_tracks=raw_tracks,
                channels=record.channels,
                track=record.track,
                trim=record.trim,
            )
        except FileNotFoundError as error:
            self._problems.report(INTERNAL_ERROR, f"the recording is lost: {error}")
            self._close(RecordingStatus.FAILED, error_code=INTERNAL_ERROR)
            return True
        except OSError as error:
            text = f"the recording {record.sid} cannot be written and waits: {error}"
            self._problems.report(INTERNAL_ERROR, text)
            return False
        if made.seconds and (made.loud or record.source is not RecordingSource.RECORD_VERB):
            duration = math.ceil(made.seconds)
            self._close(RecordingStatus.COMPLETED, duration=duration, size=made.size)
            return True
        await files.delete(record.sid)
        code = SILENT if made.raw_seconds >= SHORT else TOO_SHORT
        self._problems.report(code, "nothing was recorded")
        self._close(RecordingStatus.ABSENT, error_code=code, duration=0)
        return True

    def _close(self, status: RecordingStatus, **changes: Any) -> None:
        """Settle the record for good and tell the customer."""
        self._over.set()
        self._halted.set()
        self._unroute()
        self._change(status=status, tape=None, **changes)
        log.info("recording.ended", recording_sid=self._record.sid, status=str(status), **changes)
        self._tell()
        if not self._done.done():
            self._done.set_result(self._record)

    def _unroute(self) -> None:
        if self._route is not None:
            self._route.close()
            self._route = None

    def _change(self, **changes: Any) -> None:
        changes["date_updated"] = self._studio.now()
        self._record = msgspec.structs.replace(self._record, **changes)
        sid, store = self._record.sid, self._studio.store
        self._journal.later(lambda: store.update(sid, **changes))

    def _tell(self) -> None:
        """Queue a status callback when the record's state is one that is wanted."""
        record = self._record
        callback = record.callback
        if callback is None or not _wanted(record.status, callback.events):
            return
        params = recording_status_params(record, self.url)
        self._journal.later(
            lambda: self._studio.callbacks.enqueue(
                url=callback.url,
                method=callback.method,
                params=params,
                account_sid=record.account_sid,
                call_sid=record.call_sid or "",
            )
        )

    def _on_event(self, event: Event) -> None:
        """Take one event of the channel; must not block."""
        match event:
            case RecordingFinished() | RecordingFailed():
                if self._tape.segments and event.recording.name == ari_name(self._tape):
                    self._over.set()
            case ChannelDestroyed() | StasisEnd() | ChannelGone():
                self._over.set()
            case _:
                pass


def _wanted(status: RecordingStatus, events: frozenset[str]) -> bool:
    # Twilio has no event of its own for `failed`: whoever waits for an end must learn of it.
    if status is RecordingStatus.FAILED:
        return bool(events & {"completed", "absent"})
    return str(status) in events
