"""Calls, and what runs beside them, on whichever node."""

from __future__ import annotations

from ari_app.api.ports import (
    BackgroundService,
    BackgroundState,
    CallService,
    CreateCall,
    CreateStream,
    CreateTranscription,
    UpdateCall,
)
from ari_app.model import Account, CallRecord
from ari_app.wiring.across import messages
from ari_app.wiring.across.elsewhere import Elsewhere
from ari_app.wiring.across.owners import Owners
from ari_app.wiring.outside import CallUpdate, Outside


class CallsAcross:
    """Implements the API's ``CallService`` for all nodes. ``here`` is this node's own."""

    def __init__(
        self,
        here: CallService,
        owners: Owners,
        elsewhere: Elsewhere,
        outside: Outside | None = None,
    ) -> None:
        """``outside`` is told of new documents."""
        self._here = here
        self._outside = outside
        self._owners = owners
        self._elsewhere = elsewhere

    def running(self, account: Account, call_sid: str) -> CallRecord | None:
        """Return a call that runs here; of others SQL knows, a moment later."""
        return self._here.running(account, call_sid)

    async def create(self, account: Account, request: CreateCall) -> CallRecord:
        """Queue an outbound call on this node."""
        return await self._here.create(account, request)

    async def update(self, account: Account, call_sid: str, request: UpdateCall) -> CallRecord:
        """Change a call where it runs. Raises ApiError 503 too, when its node is away."""
        record = await self._update(account, call_sid, request)
        if self._outside is not None and (request.voice or request.twiml is not None):
            voice = request.voice
            update = CallUpdate(
                call_sid,
                voice.url if voice else None,
                voice.method if voice else None,
                request.twiml,
            )
            self._outside.call(update)
        return record

    async def _update(self, account: Account, call_sid: str, request: UpdateCall) -> CallRecord:
        node = None
        if self._here.running(account, call_sid) is None:
            node = await self._owners.of_call(account, call_sid)
        if node is None:
            return await self._here.update(account, call_sid, request)
        order = messages.UpdateCall(account_sid=account.sid, call_sid=call_sid, request=request)
        return await self._elsewhere.ask(node, order, CallRecord)


class BesideAcross:
    """Implements the API's ``BackgroundService`` for all nodes."""

    def __init__(
        self, here: BackgroundService, calls: CallService, owners: Owners, elsewhere: Elsewhere
    ) -> None:
        self._here = here
        self._calls = calls
        self._owners = owners
        self._elsewhere = elsewhere

    async def start(
        self, account: Account, call_sid: str, request: CreateStream | CreateTranscription
    ) -> BackgroundState:
        """Start it where the call runs."""
        node = await self._node(account, call_sid)
        if node is None:
            return await self._here.start(account, call_sid, request)
        order: messages.Order
        if isinstance(request, CreateStream):
            order = messages.StartStream(
                account_sid=account.sid, call_sid=call_sid, request=request
            )
        else:
            order = messages.StartTranscription(
                account_sid=account.sid, call_sid=call_sid, request=request
            )
        return await self._elsewhere.ask(node, order, BackgroundState)

    async def stop(self, account: Account, call_sid: str, kind: str, name: str) -> BackgroundState:
        """Stop it where the call runs."""
        node = await self._node(account, call_sid)
        if node is None:
            return await self._here.stop(account, call_sid, kind, name)
        order = messages.StopBeside(
            account_sid=account.sid, call_sid=call_sid, kind=kind, name=name
        )
        return await self._elsewhere.ask(node, order, BackgroundState)

    async def _node(self, account: Account, call_sid: str) -> str | None:
        if self._calls.running(account, call_sid) is not None:
            return None
        return await self._owners.of_call(account, call_sid)
