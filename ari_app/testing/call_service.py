"""A call service without telephony: calls are records that obey Twilio's update rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from ari_app.api.ports import (
    ApiError,
    BackgroundState,
    CreateCall,
    CreateStream,
    CreateTranscription,
    UpdateCall,
)
from ari_app.errors import UnknownRecordError
from ari_app.model import Account, CallRecord, CallStatus, Direction
from ari_app.sids import new_sid
from ari_app.store import Store


class FakeCallService:
    """Remembers what it was asked (``created``, ``updated``); ``fail_with`` is raised if set.

    ``live`` holds running calls whose state the store does not know yet.
    """

    def __init__(self, store: Store) -> None:
        self.created: list[CreateCall] = []
        self.updated: list[tuple[str, UpdateCall]] = []
        self.fail_with: Exception | None = None
        self.live: dict[str, CallRecord] = {}
        self._store = store

    def running(self, account: Account, call_sid: str) -> CallRecord | None:
        """Return what ``live`` holds of the account."""
        call = self.live.get(call_sid)
        return call if call and call.account_sid == account.sid else None

    async def create(self, account: Account, request: CreateCall) -> CallRecord:
        """Insert a queued outbound call."""
        self._maybe_fail()
        self.created.append(request)
        now = datetime.now(UTC)
        return await self._store.calls.insert(
            CallRecord(
                sid=new_sid("CA"),
                account_sid=account.sid,
                direction=Direction.OUTBOUND_API,
                from_=request.from_,
                to=request.to,
                status=CallStatus.QUEUED,
                voice=request.voice,
                twiml=request.twiml,
                status_callback=request.status_callback,
                timeout=request.timeout,
                time_limit=request.time_limit,
                date_created=now,
                date_updated=now,
            )
        )

    async def update(self, account: Account, call_sid: str, request: UpdateCall) -> CallRecord:
        """Apply Twilio's table of call updates to the record."""
        self._maybe_fail()
        gone = ApiError(404, 20404, f"The requested resource {call_sid} was not found")
        try:
            call = await self._store.calls.get(call_sid, account.sid)
        except UnknownRecordError:
            raise gone from None
        running = call.status is CallStatus.IN_PROGRESS
        if (request.voice or request.twiml) and not running:
            raise ApiError(400, 21220, "Call is not in-progress. Cannot redirect.")
        if call.status.final and request.status:
            raise gone
        self.updated.append((call_sid, request))
        changes: dict[str, Any] = {}
        if request.status == "completed" or (request.status == "canceled" and not running):
            changes = {"status": CallStatus(request.status), "end_time": datetime.now(UTC)}
        return await self._store.calls.update(call_sid, **changes)

    def _maybe_fail(self) -> None:
        if self.fail_with is not None:
            raise self.fail_with


class FakeBackground:
    """Remembers what was started beside calls; ``fail_with`` is raised if set."""

    def __init__(self) -> None:
        self.started: list[CreateStream | CreateTranscription] = []
        self.states: dict[str, BackgroundState] = {}
        self.fail_with: ApiError | None = None

    async def start(
        self, account: Account, call_sid: str, request: CreateStream | CreateTranscription
    ) -> BackgroundState:
        """Pretend to start it."""
        if self.fail_with is not None:
            raise self.fail_with
        self.started.append(request)
        sid = new_sid("MZ" if isinstance(request, CreateStream) else "GT")
        state = BackgroundState(
            sid=sid,
            account_sid=account.sid,
            call_sid=call_sid,
            name=request.name or sid,
            status="in-progress",
            date_updated=datetime.now(UTC),
        )
        self.states[state.name] = self.states[sid] = state
        return state

    async def stop(self, account: Account, call_sid: str, kind: str, name: str) -> BackgroundState:
        """Pretend to stop it; raises ApiError 404/20404."""
        if name not in self.states:
            raise ApiError(404, 20404, f"The requested {kind} {name!r} was not found")
        return msgspec.structs.replace(self.states[name], status="stopped")
