"""How an unanswered call ended, from SIP's or ISDN's number to Twilio's word.

Twilio: Call status values; ITU-T Q.850 causes; RFC 3261 response codes.
"""

from __future__ import annotations

from ari_app.model import CallStatus

_BY_SIP = {
    486: CallStatus.BUSY,
    600: CallStatus.BUSY,
    603: CallStatus.BUSY,
    480: CallStatus.NO_ANSWER,
    408: CallStatus.NO_ANSWER,
    487: CallStatus.NO_ANSWER,
}

_BY_CAUSE = {
    17: CallStatus.BUSY,
    21: CallStatus.BUSY,
    16: CallStatus.NO_ANSWER,
    18: CallStatus.NO_ANSWER,
    19: CallStatus.NO_ANSWER,
    20: CallStatus.NO_ANSWER,
}


def status_of(cause: int, sip_code: int | None) -> CallStatus:
    """Return the final status of a call that was never answered."""
    if sip_code is not None and sip_code >= 300:
        return _BY_SIP.get(sip_code, CallStatus.FAILED)
    return _BY_CAUSE.get(cause, CallStatus.FAILED)
