"""All recordings of this node: verbs, REST, conferences and restarts go through here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from ari_app.call.recordings.recording import Recording, Studio
from ari_app.call.recordings.tape import UNLIMITED, Limits
from ari_app.errors import TwilioError
from ari_app.model import (
    RecordingRecord,
    RecordingSource,
    RecordingStatus,
    RecordingTrack,
    StatusCallback,
    Tape,
)
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

CONCURRENT = 16108
#: Of these sources a call has one recording at a time.
_ONE = frozenset(
    {RecordingSource.START_API, RecordingSource.START_TWIML, RecordingSource.OUTBOUND_API}
)
#: Longest name of a recording, characters.
MAX_NAME = 256


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """What is recorded and who is told; ``track`` and ``channels`` 2 for channels only."""

    source: RecordingSource
    channels: int = 1
    track: RecordingTrack = "both"
    trim: bool = False
    callback: StatusCallback | None = None
    name: str = ""


class Recorder:
    """Starts recordings and knows those that run."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._running: dict[str, Recording] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        #: Those of an earlier process's `<Record>`, by call, until the verb goes on with them.
        self._left: dict[str, Recording] = {}

    async def channel(
        self,
        channel_id: str,
        options: RecordingOptions,
        *,
        account_sid: str,
        call_sid: str,
    ) -> Recording:
        """Record both directions of a channel, whatever it does, until ``stop`` or its end.

        Raises TwilioError: 16108 when the call is recorded already, 12400 when Asterisk or the
        disk will not.
        """
        if options.source in _ONE and self.of_call(call_sid, *_ONE):
            raise TwilioError(CONCURRENT, f"the call {call_sid} is recorded already")
        tape = Tape(kind="monitor", target=channel_id)
        return await self._start(tape, options, account_sid, call_sid)

    async def caller(
        self,
        channel_id: str,
        options: RecordingOptions,
        limits: Limits,
        *,
        account_sid: str,
        call_sid: str,
    ) -> Recording:
        """Record what an idle channel sends, until ``stop``, silence, the length or its end.

        The channel can do nothing else meanwhile. Raises TwilioError 12400.
        """
        tape = Tape(kind="channel", target=channel_id)
        return await self._start(tape, options, account_sid, call_sid, limits=limits)

    async def bridge(
        self,
        bridge_id: str,
        options: RecordingOptions,
        *,
        account_sid: str,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> Recording:
        """Record all that is said in a bridge, mono. Raises TwilioError 12400.

        It ends with the bridge too; ``stop`` before destroying it tells so sooner.
        """
        tape = Tape(kind="bridge", target=bridge_id)
        return await self._start(
            tape, options, account_sid, call_sid, conference_sid=conference_sid
        )

    def find(self, account_sid: str, sid: str) -> Recording | None:
        """Return a running recording of the account."""
        recording = self._running.get(sid)
        if recording is None or recording.record.account_sid != account_sid:
            return None
        return recording

    def of_call(self, call_sid: str, *sources: RecordingSource) -> list[Recording]:
        """Return the call's recordings that run, of ``sources`` if any are named; oldest first."""
        return [
            recording
            for recording in self._running.values()
            if recording.record.call_sid == call_sid
            and not recording.over.is_set()
            and (not sources or recording.record.source in sources)
        ]

    def last(self, call_sid: str, source: RecordingSource) -> Recording | None:
        """Return the call's newest recording of a source, also while its file is made."""
        found = [
            recording
            for recording in self._running.values()
            if recording.record.call_sid == call_sid and recording.record.source is source
        ]
        return found[-1] if found else None

    def of_conference(self, conference_sid: str) -> list[Recording]:
        """Return the conference's recordings that run, oldest first."""
        return [
            recording
            for recording in self._running.values()
            if recording.record.conference_sid == conference_sid and not recording.over.is_set()
        ]

    def take_left(self, call_sid: str) -> Recording | None:
        """Take over the recording that an earlier process's ``<Record>`` of the call began."""
        return self._left.pop(call_sid, None)

    async def unfinished(self) -> Sequence[RecordingRecord]:
        """Return what is to be adopted; raises what the store raises."""
        return await self._studio.store.unfinished(self._studio.node)

    def adopt(self, records: Sequence[RecordingRecord]) -> None:
        """Go on with what an earlier process recorded, or make its file."""
        for record in records:
            if record.sid in self._running:
                continue
            tape = record.tape or Tape(kind="bridge", target="")
            recording = Recording(self._studio, record, tape)
            log.info("recording.adopted", recording_sid=record.sid)
            if record.source is RecordingSource.RECORD_VERB and record.call_sid:
                self._left[record.call_sid] = recording
            self._spawn(recording, adopted=True)

    async def drain(self, seconds: float) -> None:
        """Wait until the recordings that are over have their files, up to ``seconds``."""
        over = [
            task
            for task in self._tasks
            if (running := self._running.get(task.get_name())) and running.over.is_set()
        ]
        if over:
            await asyncio.wait(over, timeout=seconds)

    async def close(self) -> None:
        """Let go of everything; Asterisk goes on recording, for the next process to adopt."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _start(
        self,
        tape: Tape,
        options: RecordingOptions,
        account_sid: str,
        call_sid: str | None,
        *,
        conference_sid: str | None = None,
        limits: Limits = UNLIMITED,
    ) -> Recording:
        now = self._studio.now()
        record = RecordingRecord(
            sid=new_sid("RE"),
            account_sid=account_sid,
            call_sid=call_sid,
            conference_sid=conference_sid,
            source=options.source,
            status=RecordingStatus.IN_PROGRESS,
            name=options.name[:MAX_NAME],
            channels=options.channels,
            track=options.track,
            trim=options.trim,
            callback=options.callback,
            node=self._studio.node,
            tape=tape,
            start_time=now,
            date_created=now,
            date_updated=now,
        )
        recording = Recording(self._studio, record, tape)
        self._spawn(recording)
        try:
            await recording.begin(limits)
        except asyncio.CancelledError:
            recording.over.set()  # nobody has it in hand: kept as it is
            raise
        return recording

    def _spawn(self, recording: Recording, *, adopted: bool = False) -> None:
        sid = recording.record.sid
        self._running[sid] = recording
        task = asyncio.create_task(recording.run(adopted=adopted), name=sid)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._running.pop(task.get_name(), None)
