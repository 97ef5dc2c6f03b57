"""What ``<Dial>`` tells its ``action`` (Twilio: Dial, action URL parameters)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ari_app.call.context import CallContext
from ari_app.call.dial.child import Child
from ari_app.call.recordings.recorded import DialRecording
from ari_app.call.sip import is_sip
from ari_app.model import CallRecord, CallStatus

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
    #: Who hung up while no process looked.
    lost: CallRecord | None = None
    bridged: bool = False
    #: Whom the callee wants the caller transferred to.
    refer_to: str = ""
    #: How it went when there was nobody to ring.
    unreached: CallStatus = CallStatus.FAILED

    def params(self, ctx: CallContext) -> dict[str, str]:
        """Return the parameters of the action request beside the standard ones."""
        child = self._told()
        record = self.lost or (child.record if child else None)
        if record is None:
            return {"DialCallStatus": str(self.unreached), "DialBridged": "false"}
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
        if is_sip(record.to):
            params |= _sip_params(record, child)
        if self.recording.url is not None:
            params["RecordingUrl"] = self.recording.url
        return params

    def _told(self) -> Child | None:
        """The child that the result is about: who answered, else whose end tells most."""
        if self.winner is not None:
            return self.winner
        answered = [child for child in self.rung if child.answered.is_set()]
        if answered:
            return answered[0]
        ranks = {status: rank for rank, status in enumerate(_TELLING)}
        return min(self.rung, key=lambda c: ranks.get(c.record.status, len(ranks)), default=None)


def _sip_params(record: CallRecord, child: Child | None) -> dict[str, str]:
    """Return what SIP said of the leg; headers are those of the answer."""
    params = {}
    if record.sip_response_code is not None:
        params["DialSipResponseCode"] = str(record.sip_response_code)
    if child is None:
        return params
    if child.leg.sip_call_id:
        params["DialSipCallId"] = child.leg.sip_call_id
    return params | {f"DialSipHeader_{name}": text for name, text in child.sip_headers.items()}
