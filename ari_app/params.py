"""Form parameters of webhooks and status callbacks, built from a call's record.

Pure: no clock, no network. Names and value sets are Twilio's (Twilio: TwiML voice request
parameters, call status callbacks, stream status callbacks).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal

from ari_app.model import CallRecord, CallStatus, Direction, RecordingRecord

API_VERSION = "2010-04-01"

StreamEvent = Literal["stream-started", "stream-stopped", "stream-error"]

_PSTN = re.compile(r"\+?[0-9]+")
_GEO = ("City", "State", "Zip", "Country")


def voice_params(
    call: CallRecord,
    *,
    status: CallStatus | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the standard parameters of a TwiML fetch or action callback.

    ``status`` replaces the record's; ``extra`` (``Digits``, ``CallerName``, ``SipHeader_…``)
    is added last and wins. The geographic keys of a plain phone number are always there,
    empty: frameworks and signatures count on them.
    """
    params = {
        "AccountSid": call.account_sid,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": str(status or call.status),
        "Called": call.to,
        "Caller": call.from_,
        "Direction": str(call.direction),
        "From": call.from_,
        "To": call.to,
    }
    for number, names in ((call.from_, ("From", "Caller")), (call.to, ("To", "Called"))):
        if _PSTN.fullmatch(number):
            params.update({name + part: "" for name in names for part in _GEO})
    inbound = call.direction is Direction.INBOUND
    optional = {
        "ForwardedFrom": call.forwarded_from,
        "ParentCallSid": call.parent_call_sid,
        "SipCallId": call.sip_call_id if inbound else None,
        "AnsweredBy": call.answered_by,
    }
    params.update({name: value for name, value in optional.items() if value})
    params.update(extra or {})
    return params


def call_status_params(
    call: CallRecord,
    *,
    status: CallStatus,
    sequence: int,
    timestamp: datetime,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the parameters of one call status callback.

    ``status`` is the event's value (``initiated`` is no state of a record), ``sequence``
    counts all events of the call from 0, ``timestamp`` (aware) is when it happened. A final
    status adds ``CallDuration`` in seconds, ``Duration`` in begun minutes and the SIP code.
    ``extra`` as in `voice_params`.
    """
    params = voice_params(call, status=status, extra=extra)
    params["CallbackSource"] = "call-progress-events"
    params["SequenceNumber"] = str(sequence)
    params["Timestamp"] = rfc2822(timestamp)
    if status.final:
        seconds = call.duration or 0
        params["CallDuration"] = str(seconds)
        params["Duration"] = str(-(-seconds // 60))
        if call.sip_response_code is not None:
            params["SipResponseCode"] = str(call.sip_response_code)
    return params


def stream_status_params(
    *,
    account_sid: str,
    call_sid: str,
    stream_sid: str,
    name: str,
    event: StreamEvent,
    timestamp: datetime,
    error: str = "",
) -> dict[str, str]:
    """Return the parameters of a stream status callback.

    There is no ``CallStatus``: apps point it at the endpoint of call events and tell the two
    apart by that. ``timestamp`` (aware) becomes ISO 8601 UTC, unlike in call callbacks.
    """
    params = {
        "AccountSid": account_sid,
        "CallSid": call_sid,
        "StreamSid": stream_sid,
        "StreamName": name,
        "StreamEvent": event,
        "Timestamp": iso8601(timestamp),
    }
    if error:
        params["StreamError"] = error
    return params


def recording_status_params(recording: RecordingRecord, url: str) -> dict[str, str]:
    """Return the parameters of a recording status callback (Twilio: recordingStatusCallback).

    ``url`` is that of the recording, without a suffix. ``RecordingDuration`` (seconds) is there
    once it is known, ``ErrorCode`` when there is no recording.
    """
    params = {
        "AccountSid": recording.account_sid,
        "RecordingSid": recording.sid,
        "RecordingUrl": url,
        "RecordingStatus": str(recording.status),
        "RecordingChannels": str(recording.channels),
        "RecordingStartTime": rfc2822(recording.start_time),
        "RecordingSource": str(recording.source),
        "RecordingTrack": recording.track,
    }
    optional = {
        "CallSid": recording.call_sid,
        "ConferenceSid": recording.conference_sid,
        "RecordingDuration": recording.duration,
        "ErrorCode": recording.error_code,
    }
    return params | {name: str(value) for name, value in optional.items() if value is not None}


def rfc2822(moment: datetime) -> str:
    """Return an aware time as Twilio writes it, e.g. ``Mon, 02 Feb 2026 10:00:00 +0000``."""
    return format_datetime(moment.astimezone(UTC))


def iso8601(moment: datetime) -> str:
    """Return an aware time as UTC with milliseconds, e.g. ``2026-02-02T10:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
