"""A call's way through Twilio's states, and who is told of it.

Twilio: Call resource (status) and status callbacks. Each step changes the record, numbers
the event (``SequenceNumber`` counts all events, subscribed or not) and tells the customer's
status callback when the event is wanted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import structlog

from ari_app.call.journal import Journal
from ari_app.call.ports import Services
from ari_app.model import CallRecord, CallStatus, Direction, StatusCallback
from ari_app.params import call_status_params, voice_params

log = structlog.get_logger(__name__)


class Progress:
    """The record of one call leg and its events."""

    def __init__(
        self, services: Services, journal: Journal, record: CallRecord, *, adopted: bool = False
    ) -> None:
        self._services = services
        self._journal = journal
        self.record = record
        #: What SIP told beyond the record, as webhook parameters (``SipHeader_…``).
        self.sip_params: Mapping[str, str] = {}
        self._sequence = _told(record) if adopted else 0

    def initiated(self) -> None:
        """The call has left for its destination (seen in callbacks only)."""
        self._tell("initiated", CallStatus.INITIATED)

    def ringing(self) -> None:
        """The far end rings."""
        if self.record.status in (CallStatus.QUEUED, CallStatus.INITIATED):
            self.change(status=CallStatus.RINGING)
            self._tell("ringing", CallStatus.RINGING)

    def answered(self) -> None:
        """The call was answered: ``start_time`` is set."""
        self.change(status=CallStatus.IN_PROGRESS, start_time=self._services.now())
        self._tell("answered", CallStatus.IN_PROGRESS)

    def ended(self, status: CallStatus, sip_response_code: int | None) -> None:
        """The call is over; a final state never changes."""
        if self.record.status.final:
            return
        now = self._services.now()
        self.change(
            status=status,
            end_time=now,
            duration=_seconds(self.record.start_time, now),
            sip_response_code=sip_response_code,
        )
        log.info(
            "call.ended",
            call_sid=self.record.sid,
            status=str(status),
            duration=self.record.duration,
            sip_response_code=sip_response_code,
        )
        self._tell("completed", status)

    def voice_params(self) -> dict[str, str]:
        """Return the parameters that every webhook of the call carries."""
        return voice_params(self.record, extra=self.sip_params)

    def change(self, **changes: Any) -> None:
        """Change the record, here at once and in the store as soon as it can."""
        changes["date_updated"] = self._services.now()
        self.record = msgspec.structs.replace(self.record, **changes)
        sid = self.record.sid
        self._journal.later(lambda: self._services.calls.update(sid, **changes))

    def _tell(self, event: str, status: CallStatus) -> None:
        sequence = self._sequence
        self._sequence += 1
        callback: StatusCallback | None = self.record.status_callback
        if callback is None or event not in callback.events:
            return
        params: Mapping[str, str] = call_status_params(
            self.record,
            status=status,
            sequence=sequence,
            timestamp=self._services.now(),
            extra=self.sip_params,
        )
        self._journal.later(
            lambda: self._services.callbacks.enqueue(
                url=callback.url,
                method=callback.method,
                params=params,
                account_sid=self.record.account_sid,
                call_sid=self.record.sid,
            )
        )


def _told(record: CallRecord) -> int:
    """How many events an earlier process has told of a call in this state."""
    if record.direction is Direction.INBOUND:
        return 0 if record.start_time is None else 1
    if record.start_time is not None:
        return 3
    return 2 if record.status is CallStatus.RINGING else 1


def _seconds(start: datetime | None, end: datetime) -> int:
    """Whole seconds from answer to end, rounded up; 0 for a call never answered."""
    return 0 if start is None else max(0, math.ceil((end - start).total_seconds()))
