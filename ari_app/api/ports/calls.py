"""Calls: parsed requests, and who starts, changes and knows them."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from ari_app.api.ports.recordings import StartRecording
from ari_app.model import Account, CallRecord, Endpoint, MachineDetection, StatusCallback


class CreateCall(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Calls``: where to call and what to do at the answer.

    Exactly one of ``voice`` and ``twiml`` is set. ``timeout`` and ``time_limit`` in seconds.
    """

    to: str
    from_: str
    voice: Endpoint | None = None
    twiml: str | None = None
    fallback: Endpoint | None = None
    status_callback: StatusCallback | None = None
    caller_id: str | None = None
    send_digits: str | None = None
    #: User and password for the callee's SIP.
    sip_auth: tuple[str, str] | None = None
    timeout: int = 60
    time_limit: int = 14_400
    detection: MachineDetection | None = None
    #: How the call is recorded from its answer on; None: it is not.
    record: StartRecording | None = None


class UpdateCall(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Calls/{sid}``; None leaves a thing as it is.

    ``voice`` and ``twiml`` are never both set. A ``status_callback`` without events keeps those
    that the call tells already.
    """

    status: Literal["canceled", "completed"] | None = None
    voice: Endpoint | None = None
    twiml: str | None = None
    fallback: Endpoint | None = None
    status_callback: StatusCallback | None = None
    time_limit: int | None = None


class CallService(Protocol):
    """Starts, changes and knows calls. Starting and changing may raise StoreUnavailable."""

    def running(self, account: Account, call_sid: str) -> CallRecord | None:
        """Return a call of the account as it is this moment; None when it does not run here."""
        ...

    async def create(self, account: Account, request: CreateCall) -> CallRecord:
        """Queue an outbound call and return its record, ``queued``. Raises ApiError."""
        ...

    async def update(self, account: Account, call_sid: str, request: UpdateCall) -> CallRecord:
        """Change a call and return its record as it then is.

        Raises:
            ApiError: 404/20404 unknown call (or ended, see Twilio's inconsistency), 400/21220
                not in progress and a redirect is wanted.
        """
        ...
