"""Recordings as the REST API sees them: the recorder, the store and the files in one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, overload

from ari_app.api.ports import ApiError, StartRecording, UpdateRecording
from ari_app.ari.errors import AriError
from ari_app.call.manager import CallManager, UnknownCallError, WrongStateError
from ari_app.call.recordings.recorder import CONCURRENT, Recorder, RecordingOptions
from ari_app.call.recordings.recording import Recording
from ari_app.errors import TwilioError, UnknownRecordError
from ari_app.media.recording_folder import RecordingFolder
from ari_app.model import Account, RecordingRecord, RecordingSource, RecordingStatus
from ari_app.store.store import Store

CURRENT = "Twilio.CURRENT"


@overload
def recording_options(request: StartRecording, source: RecordingSource) -> RecordingOptions: ...
@overload
def recording_options(request: None, source: RecordingSource) -> None: ...
def recording_options(
    request: StartRecording | None, source: RecordingSource
) -> RecordingOptions | None:
    """Return what REST asks for as the recorder takes it."""
    if request is None:
        return None
    return RecordingOptions(
        source=source,
        channels=request.channels,
        track=request.track,
        trim=request.trim,
        callback=request.callback,
    )


class ApiRecordings:
    """Implements the API's ``RecordingService`` on one node."""

    def __init__(
        self, manager: CallManager, recorder: Recorder, store: Store, files: RecordingFolder
    ) -> None:
        self._manager = manager
        self._recorder = recorder
        self._store = store
        self._files = files

    async def running(
        self,
        account: Account,
        sid: str,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord | None:
        """Return a recording that runs here, by SID or as the current one."""
        recording = self._find(account, sid, call_sid, conference_sid)
        return recording.record if recording else None

    async def start(
        self, account: Account, call_sid: str, request: StartRecording
    ) -> RecordingRecord:
        """Record a call. Raises ApiError 404/20404, 400/21220, 400/16108, 503/20503."""
        try:
            ctx = self._manager.context(account.sid, call_sid)
            options = recording_options(request, RecordingSource.START_API)
            recording = await self._recorder.channel(
                ctx.leg.channel_id, options, account_sid=account.sid, call_sid=call_sid
            )
        except UnknownCallError:
            await self._ended(account, call_sid)
            raise ApiError(400, 21220, "Requested resource is not eligible for recording") from None
        except WrongStateError:
            raise ApiError(400, 21220, "Requested resource is not eligible for recording") from None
        except TwilioError as error:
            if error.code == CONCURRENT:
                raise ApiError(400, CONCURRENT, error.message) from error
            raise ApiError(503, 20503, error.message) from error
        return recording.record

    async def update(
        self,
        account: Account,
        sid: str,
        request: UpdateRecording,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord:
        """Pause, resume or stop. Raises ApiError 404/20404, 400/21220, 503/20503."""
        recording = self._find(account, sid, call_sid, conference_sid)
        if recording is None:
            if sid == CURRENT:
                raise ApiError(404, 20404, "No recording is running")
            await self._store.recordings.get(account.sid, sid)  # 404 for an unknown one
            raise ApiError(400, 21220, "The recording is not in progress")
        try:
            match request.status:
                case "stopped":
                    return await recording.stop()
                case "paused":
                    return await recording.pause(silent=request.silent)
                case _:
                    return await recording.resume()
        except ValueError as error:
            raise ApiError(400, 21220, str(error)) from error
        except AriError as error:
            raise ApiError(503, 20503, f"Asterisk refused: {error}") from error

    async def media(
        self, record: RecordingRecord, kind: Literal["wav", "mp3"], *, channels: int | None
    ) -> Path:
        """Return the file to send. Raises FileNotFoundError."""
        return await self._files.other(record.sid, kind=kind, channels=channels)

    async def delete(self, record: RecordingRecord) -> None:
        """Remove the audio; the record stays, as deleted."""
        await self._store.recordings.update(record.sid, status=RecordingStatus.DELETED)
        await self._files.delete(record.sid)

    async def _ended(self, account: Account, call_sid: str) -> None:
        """Raise ApiError 404/20404 for a call that never was."""
        try:
            await self._store.calls.get(call_sid, account.sid)
        except UnknownRecordError:
            text = f"The requested call {call_sid} was not found"
            raise ApiError(404, 20404, text) from None

    def _find(
        self, account: Account, sid: str, call_sid: str | None, conference_sid: str | None
    ) -> Recording | None:
        recorder = self._recorder
        if sid == CURRENT:
            found = (
                recorder.of_call(call_sid)
                if call_sid
                else recorder.of_conference(conference_sid or "")
            )
            mine = [one for one in found if one.record.account_sid == account.sid]
            return mine[-1] if mine else None
        recording = recorder.find(account.sid, sid)
        if recording is None:
            return None
        record = recording.record
        if call_sid not in (None, record.call_sid):
            return None
        return None if conference_sid not in (None, record.conference_sid) else recording
