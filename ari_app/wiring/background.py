"""What REST starts and stops beside a running call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ari_app.api.ports import ApiError, BackgroundState, CreateStream, CreateTranscription
from ari_app.call.background import Job
from ari_app.call.context import CallContext
from ari_app.call.manager import CallManager, UnknownCallError, WrongStateError
from ari_app.call.oneway import start_stream
from ari_app.call.transcribing import start_transcription
from ari_app.errors import TwilioError
from ari_app.model import Account
from ari_app.sids import new_sid
from twiml import Stream, Transcription


class ApiBackground:
    """Implements the API's ``BackgroundService`` on one node."""

    def __init__(self, manager: CallManager, now: Callable[[], datetime]) -> None:
        self._manager = manager
        self._now = now

    async def start(
        self, account: Account, call_sid: str, request: CreateStream | CreateTranscription
    ) -> BackgroundState:
        """Start it. Raises ApiError 404/20404, 400/21220 and 400 with the thing's own code."""
        ctx = self._context(account, call_sid)
        try:
            if isinstance(request, CreateStream):
                job = start_stream(ctx, _stream(request), new_sid("MZ"))
            else:
                job = start_transcription(ctx, _transcription(request), new_sid("GT"))
        except TwilioError as error:
            raise ApiError(400, error.code, error.message) from error
        return self._state(ctx, job, running=True)

    async def stop(self, account: Account, call_sid: str, kind: str, name: str) -> BackgroundState:
        """Stop what has that name or SID. Raises ApiError 404/20404 and 400/21220."""
        ctx = self._context(account, call_sid)
        job = ctx.background.find(kind, name) or ctx.background.ended(kind, name)
        if job is None:
            raise ApiError(404, 20404, f"The requested {kind} {name!r} was not found")
        await ctx.background.stop(kind, job.name)
        return self._state(ctx, job, running=False)

    def _context(self, account: Account, call_sid: str) -> CallContext:
        try:
            return self._manager.context(account.sid, call_sid)
        except UnknownCallError:
            raise ApiError(404, 20404, f"The requested call {call_sid} was not found") from None
        except WrongStateError:
            raise ApiError(400, 21220, "Call is not in the expected state") from None

    def _state(self, ctx: CallContext, job: Job, *, running: bool) -> BackgroundState:
        return BackgroundState(
            sid=job.sid,
            account_sid=ctx.progress.record.account_sid,
            call_sid=ctx.call_sid,
            name=job.name,
            status="in-progress" if running else "stopped",
            date_updated=self._now(),
        )


def _stream(request: CreateStream) -> Stream:
    callback = request.status_callback
    return Stream(
        url=request.url,
        name=request.name,
        track=request.track,
        status_callback=callback.url if callback else None,
        status_callback_method=callback.method if callback else "POST",
        parameters=request.parameters,
    )


def _transcription(request: CreateTranscription) -> Transcription:
    callback = request.status_callback
    return Transcription(
        name=request.name,
        status_callback_url=callback.url if callback else None,
        status_callback_method=callback.method if callback else "POST",
        language_code=request.language,
        track=request.track,
        inbound_track_label=request.inbound_label,
        outbound_track_label=request.outbound_label,
        transcription_engine=request.engine,
        speech_model=request.model,
        profanity_filter=request.profanity_filter,
        partial_results=request.partial_results,
        hints=request.hints,
        enable_automatic_punctuation=request.punctuation,
    )
