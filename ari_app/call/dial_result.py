"""What ``<Dial>`` tells its ``action`` (Twilio: Dial, action URL parameters)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ari_app.call.child import Child
from ari_app.call.context import CallContext
from ari_app.call.recorded import DialRecording
from ari_app.model import CallStatus

#: When none of several answered, the most telling of their ends is told.
_TELLING = (
    CallStatus.BUSY,
    CallStatus.NO_ANSWER,
    CallStatus.CANCELED,
    CallStatus.FAILED,
)


@dataclass(slots=True)
class DialResult:
    """The children of one Dial and how it went, complete when they have ended."""

    recording: DialRecording
    rung: list[Child] = field(default_factory=list)
    winner: Child | None = None
    bridged: bool = False
    #: How it went when there was nobody to ring.
    unreached: CallStatus = CallStatus.FAILED

    def params(self, ctx: CallContext) -> dict[str, str]:
        """Return the parameters of the action request beside the standard ones."""
        child = self._told()
        if child is None:
            return {"DialCallStatus": str(self.unreached), "DialBridged": "false"}
        record = child.record
        params = {
            "DialCallSid": record.sid,
            "DialCallStatus": str(record.status if record.status.final else CallStatus.COMPLETED),
            "DialBridged": "true" if self.bridged else "false",
        }
        if record.start_time is not None:
            end = record.end_time or ctx.services.now()
            seconds = math.ceil((end - record.start_time).total_seconds())
            params["DialCallDuration"] = str(
                seconds if record.duration is None else record.duration
            )
        if record.to.lower().startswith("sip") and record.sip_response_code is not None:
            params["DialSipResponseCode"] = str(record.sip_response_code)
        if self.recording.url is not None:
            params["RecordingUrl"] = self.recording.url
        return params

    def _told(self) -> Child | None:
        """The child that the result is about: who answered, else whose end tells most."""
        answered = [child for child in self.rung if child.answered.is_set()]
        if answered:
            return self.winner or answered[0]
        ranks = {status: rank for rank, status in enumerate(_TELLING)}
        return min(self.rung, key=lambda c: ranks.get(c.record.status, len(ranks)), default=None)
