"""Transcriptions of recordings: what ``<Record transcribe>`` asks for (Twilio: Transcription).

They are made beside the call and after it, and outlive a restart of the app: what is not done
is in the store, and begun again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
import structlog

from ari_app.call.journal import Journal
from ari_app.call.ports import Callbacks, RecordingFiles, Transcriber, TranscriptionStore
from ari_app.errors import TwilioError
from ari_app.model import Endpoint, RecordingRecord, TranscriptionRecord
from ari_app.params import API_VERSION
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

#: Lengths that are transcribed, seconds (Twilio: 2 to 120).
SHORTEST, LONGEST = 2, 120
LANGUAGE = "en-US"
#: Transcriptions at a time, and those that may wait: a node has calls to look after.
AT_A_TIME = 2
MAX_WAITING = 1000
#: Tries of one that the engine has no place or no time for, and seconds between them.
TRIES = 3
RETRY_SECONDS = 5.0


class Transcripts:
    """The transcriptions of a node."""

    def __init__(
        self,
        transcriber: Transcriber,
        store: TranscriptionStore,
        files: RecordingFiles,
        callbacks: Callbacks,
        now: Callable[[], datetime],
        *,
        node: str,
        base_url: str,
    ) -> None:
        """``base_url`` is that of the URLs handed out, without a final slash."""
        self._transcriber = transcriber
        self._store = store
        self._files = files
        self._callbacks = callbacks
        self._now = now
        self._node = node
        self._base_url = base_url
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(
        self, recording: RecordingRecord, callback: Endpoint | None, params: Mapping[str, str]
    ) -> TranscriptionRecord:
        """Transcribe a finished mono recording; ``params`` are the call's in the callback.

        Raises ValueError for one of another length than is transcribed, and when too many wait.
        """
        duration = recording.duration or 0
        if not SHORTEST <= duration <= LONGEST:
            raise ValueError(f"{duration} s is not {SHORTEST} to {LONGEST} s")
        if len(self._tasks) >= MAX_WAITING:
            raise ValueError("too many transcriptions wait")
        now = self._now()
        record = TranscriptionRecord(
            sid=new_sid("TR"),
            account_sid=recording.account_sid,
            recording_sid=recording.sid,
            call_sid=recording.call_sid,
            duration=duration,
            callback=callback,
            params=dict(params),
            node=self._node,
            date_created=now,
            date_updated=now,
        )
        self._spawn(record, new=True)
        return record

    async def unfinished(self) -> Sequence[TranscriptionRecord]:
        """Return what an earlier process has not done; raises what the store raises."""
        return await self._store.unfinished(self._node)

    def adopt(self, records: Sequence[TranscriptionRecord]) -> None:
        """Do what an earlier process has not done."""
        for record in records:
            self._spawn(record, new=False)

    async def close(self) -> None:
        """Let go; the next process does what is not done."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, record: TranscriptionRecord, *, new: bool) -> None:
        task = asyncio.create_task(self._run(record, new=new))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, record: TranscriptionRecord, *, new: bool) -> None:
        journal = Journal(record.call_sid or record.sid)
        if new:
            journal.later(lambda: self._store.insert(record))
        try:
            async with self._places:
                text = await self._text(record)
            done = msgspec.structs.replace(record, status="completed", text=text)
        except (TwilioError, OSError) as error:
            log.warning("transcription.failed", sid=record.sid, error=str(error))
            done = msgspec.structs.replace(record, status="failed")
        except Exception:
            log.exception("transcription.internal_error", sid=record.sid)
            done = msgspec.structs.replace(record, status="failed")
        journal.later(lambda: self._store.update(done.sid, status=done.status, text=done.text))
        if done.callback is not None:
            url, method = done.callback.url, done.callback.method
            journal.later(
                lambda: self._callbacks.enqueue(
                    url=url,
                    method=method,
                    params=self._params(done),
                    account_sid=done.account_sid,
                    call_sid=done.call_sid or "",
                )
            )
        await journal.flush()

    async def _text(self, record: TranscriptionRecord) -> str:
        """Return what is said; raises TwilioError and OSError."""
        pcm = await self._files.pcm(record.recording_sid)
        for left in reversed(range(TRIES)):
            try:
                return await self._transcriber.transcribe(pcm, LANGUAGE)
            except TwilioError:
                if not left:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
        raise AssertionError("unreachable")

    def _params(self, done: TranscriptionRecord) -> dict[str, str]:
        account = f"{self._base_url}/{API_VERSION}/Accounts/{done.account_sid}"
        recording = f"{account}/Recordings/{done.recording_sid}"
        return {
            **done.params,
            "TranscriptionSid": done.sid,
            "TranscriptionText": done.text,
            "TranscriptionStatus": done.status,
            "TranscriptionUrl": f"{recording}/Transcriptions/{done.sid}",
            "RecordingSid": done.recording_sid,
            "RecordingUrl": recording,
        }
