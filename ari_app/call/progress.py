"""A call's way through Twilio's states, and who is told of it.

Twilio: Call resource (status) and status callbacks. Each step changes the record, numbers
the event (``SequenceNumber`` counts all events of an outbound call, subscribed or not, and
those that an inbound one tells) and tells the customer's status callback when it is wanted.
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

    def __init__(self, services: Services, journal: Journal, record: CallRecord) -> None:
        self._services = services
        self._journal = journal
        self.record = record
        #: What SIP told beyond the record, as webhook parameters (``SipHeader_…``).
        self.sip_params: Mapping[str, str] = {}
        #: What the last event says of the recording that was asked for with the call.
        self.recording_params: Mapping[str, str] = {}

    def initiated(self) -> None:
        """The call has left for its destination (seen in callbacks only)."""
        self._step("initiated", CallStatus.INITIATED)

    def ringing(self) -> None:
        """The far end rings."""
        if self.record.status in (CallStatus.QUEUED, CallStatus.INITIATED):
            self._step("ringing", CallStatus.RINGING, status=CallStatus.RINGING)

    def answered(self) -> None:
        """The call was answered: ``start_time`` is set."""
        answered = CallStatus.IN_PROGRESS
        self._step("answered", answered, status=answered, start_time=self._services.now())

    def ended(self, status: CallStatus, sip_response_code: int | None) -> None:
        """The call is over; a final state never changes."""
        if self.record.status.final:
            return
        now = self._services.now()
        self._step(
            "completed",
            status,
            status=status,
            end_time=now,
            duration=lasted(self.record.start_time, now),
            sip_response_code=sip_response_code,
        )
        log.info(
            "call.ended",
            call_sid=self.record.sid,
            status=str(status),
            duration=self.record.duration,
            sip_response_code=sip_response_code,
        )

    def detected(self, params: Mapping[str, str]) -> CallRecord:
        """It is known whether a machine answered: every webhook from here on says so."""
        self.sip_params = {**self.sip_params, **params}
        self.change(answered_by=params["AnsweredBy"])
        return self.record

    def voice_params(self) -> dict[str, str]:
        """Return the parameters that every webhook of the call carries."""
        return voice_params(self.record, extra=self.sip_params)

    def change(self, **changes: Any) -> None:
        """Change the record, here at once and in the store as soon as it can."""
        changes["date_updated"] = self._services.now()
        self.record = msgspec.structs.replace(self.record, **changes)
        sid = self.record.sid
        self._journal.later(lambda: self._services.calls.update(sid, **changes))

    def _step(self, event: str, told: CallStatus, **changes: Any) -> None:
        """Change the record, count the event and tell it (its ``CallStatus`` is ``told``)."""
        sequence = self.record.events_told
        callback: StatusCallback | None = self.record.status_callback
        wanted = callback is not None and event in callback.events
        # A number's callback is told of the end alone: the answer must not leave a gap.
        if wanted or self.record.direction is not Direction.INBOUND:
            changes["events_told"] = sequence + 1
        if changes:
            self.change(**changes)
        self._services.trace.call(self.record, event)
        if callback is None or not wanted:
            return
        if told is CallStatus.CANCELED and sequence == 0:
            return  # it never left the queue (Twilio: Call update, canceled)
        params: Mapping[str, str] = call_status_params(
            self.record,
            status=told,
            sequence=sequence,
            timestamp=self._services.now(),
            extra={**self.sip_params, **self.recording_params},
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


def lasted(start: datetime | None, end: datetime) -> int:
    """Whole seconds from answer to end, rounded up; 0 for a call never answered."""
    return 0 if start is None else max(0, math.ceil((end - start).total_seconds()))
