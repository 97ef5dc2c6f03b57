"""The call manager as the REST API sees it: checked requests in, records or ApiErrors out."""

from __future__ import annotations

from typing import Any

import msgspec

from ari_app.api.ports import ApiError, CreateCall, UpdateCall
from ari_app.call.dial.credentials import Credentials
from ari_app.call.manager import CallManager, DrainingError, UnknownCallError, WrongStateError
from ari_app.call.outcome import Fetch, Inline, Source
from ari_app.call.sip import sip_host
from ari_app.errors import UnknownRecordError
from ari_app.model import Account, CallRecord, CallStatus, RecordingSource
from ari_app.store.store import Store
from ari_app.wiring.recordings import recording_options
from ari_app.wiring.sip_hosts import SipHosts

NOT_IN_PROGRESS = "Call is not in-progress. Cannot redirect."


class ApiCalls:
    """Implements the API's ``CallService`` on one node.

    ``hosts`` says whom a SIP URI may call; without it, nobody.

    ``ended_update`` is the HTTP status for hanging up a call that has ended already: 404 (as
    Twilio mostly does) or 200 with the finished call.
    """

    def __init__(
        self,
        manager: CallManager,
        store: Store,
        *,
        hosts: SipHosts | None = None,
        ended_update: int = 404,
    ) -> None:
        self._manager = manager
        self._store = store
        self._hosts = hosts
        self._ended_update = ended_update

    def running(self, account: Account, call_sid: str) -> CallRecord | None:
        """Return a call that runs on this node, as it is this moment."""
        return self._manager.get(account.sid, call_sid)

    async def create(self, account: Account, request: CreateCall) -> CallRecord:
        """Queue an outbound call. Raises ApiError 400/21211 and 503/20503."""
        try:
            host = sip_host(request.to)
            if host is not None and not (self._hosts and await self._hosts.permits(host)):
                raise ValueError(f"{host} is a private or special address, which is not allowed")
            return await self._manager.create(
                account,
                to=request.to,
                from_=request.from_,
                voice=request.voice,
                twiml=request.twiml,
                fallback=request.fallback,
                status_callback=request.status_callback,
                ring_seconds=request.timeout,
                time_limit=request.time_limit,
                send_digits=request.send_digits or "",
                caller_id=request.caller_id,
                credentials=Credentials(*request.sip_auth) if request.sip_auth else None,
                detection=request.detection,
                record=recording_options(request.record, RecordingSource.OUTBOUND_API),
            )
        except ValueError as error:
            raise ApiError(400, 21211, f"The 'To' number cannot be called: {error}") from error
        except DrainingError as error:
            raise ApiError(503, 20503, "This node takes no new calls") from error

    async def update(self, account: Account, call_sid: str, request: UpdateCall) -> CallRecord:
        """Change a running call. Raises ApiError 404/20404, 400/21220 and 503/20503."""
        manager = self._manager
        try:
            record = manager.get(account.sid, call_sid)
            if record is None:
                raise UnknownCallError
            changes = _changes(request, record)
            if changes:
                record = manager.change(account.sid, call_sid, **changes)
            source = _source(request)
            if request.status is not None:
                # Before a document that came with it: who ends a call wants it to be over.
                record = await manager.end(account.sid, call_sid, CallStatus(request.status))
                if record.status.final:
                    return record
            if source is not None:
                return await manager.redirect(account.sid, call_sid, source)
            return record
        except UnknownCallError:
            return await self._ended(account, call_sid, request)
        except WrongStateError as error:
            raise ApiError(400, 21220, NOT_IN_PROGRESS) from error
        except TimeoutError as error:
            raise ApiError(503, 20503, "Asterisk did not confirm in time") from error

    async def _ended(self, account: Account, call_sid: str, request: UpdateCall) -> CallRecord:
        """Answer for a call that this node does not run."""
        not_found = ApiError(404, 20404, f"The requested call {call_sid} was not found")
        try:
            record = await self._store.calls.get(call_sid, account.sid)
        except UnknownRecordError:
            raise not_found from None
        if request.status is None and _source(request) is not None:
            raise ApiError(400, 21220, NOT_IN_PROGRESS)
        if request.status is not None and self._ended_update != 200:
            raise not_found
        return record


def _source(request: UpdateCall) -> Source | None:
    if request.voice is not None:
        return Fetch(request.voice)
    return Inline(request.twiml) if request.twiml is not None else None


def _changes(request: UpdateCall, record: CallRecord) -> dict[str, Any]:
    callback, before = request.status_callback, record.status_callback
    if callback is not None and not callback.events:
        events = before.events if before else frozenset({"completed"})
        callback = msgspec.structs.replace(callback, events=events)
    wanted = {
        "fallback": request.fallback,
        "status_callback": callback,
        "time_limit": request.time_limit,
    }
    return {name: value for name, value in wanted.items() if value is not None}
