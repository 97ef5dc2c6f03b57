"""Records as Twilio's JSON (Twilio: Account, Call, IncomingPhoneNumber, Notification)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal
from urllib.parse import urlencode

from ari_app.errors import describe
from ari_app.model import (
    Account,
    CallRecord,
    CallStatus,
    Notification,
    PhoneNumber,
    RecordingRecord,
    TranscriptionRecord,
)

VERSION = "2010-04-01"

_CALL_PARTS = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}
_ACCOUNT_PARTS = {
    "calls": "Calls",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "notifications": "Notifications",
    "recordings": "Recordings",
}
_NORTH_AMERICAN = re.compile(r"\+1([2-9][0-9]{2})([0-9]{3})([0-9]{4})")


def when(moment: datetime | None) -> str | None:
    """Return RFC 2822 with ``+0000`` (fact 18), None for None."""
    return None if moment is None else format_datetime(moment.astimezone(UTC))


def account_uri(sid: str) -> str:
    """Return an account's path, without suffix."""
    return f"/{VERSION}/Accounts/{sid}"


def account_json(account: Account) -> dict[str, object]:
    """Return an account; the token is shown only to the account itself, as Twilio does."""
    base = account_uri(account.sid)
    return {
        "auth_token": account.auth_token,
        "date_created": when(account.date_created),
        "date_updated": when(account.date_updated),
        "friendly_name": account.friendly_name,
        "owner_account_sid": account.sid,
        "sid": account.sid,
        "status": account.status,
        "subresource_uris": {k: f"{base}/{v}.json" for k, v in _ACCOUNT_PARTS.items()},
        "type": "Full",
        "uri": f"{base}.json",
    }


def call_json(call: CallRecord) -> dict[str, object]:
    """Return a call. Twilio never shows ``initiated`` here: it is ``queued`` still."""
    base = f"{account_uri(call.account_sid)}/Calls/{call.sid}"
    initiated = call.status is CallStatus.INITIATED
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "api_version": VERSION,
        "parent_call_sid": call.parent_call_sid,
        "to": call.to,
        "to_formatted": _formatted(call.to),
        "from": call.from_,
        "from_formatted": _formatted(call.from_),
        "phone_number_sid": call.phone_number_sid,
        "status": CallStatus.QUEUED if initiated else call.status,
        "direction": call.direction,
        "date_created": when(call.date_created),
        "date_updated": when(call.date_updated),
        "start_time": when(call.start_time),
        "end_time": when(call.end_time),
        "duration": None if call.duration is None else str(call.duration),
        "price": None,
        "price_unit": "USD",
        "answered_by": call.answered_by,
        "annotation": None,
        "forwarded_from": call.forwarded_from,
        "caller_name": None,
        "group_sid": None,
        "trunk_sid": None,
        "queue_time": "0",
        "uri": f"{base}.json",
        "subresource_uris": {k: f"{base}/{v}.json" for k, v in _CALL_PARTS.items()},
    }


def number_json(number: PhoneNumber) -> dict[str, object]:
    """Return a phone number; what this switch does not do (SMS, trunks …) is null or off."""
    return {
        "sid": number.sid,
        "account_sid": number.account_sid,
        "phone_number": number.phone_number,
        "friendly_name": number.friendly_name,
        "api_version": VERSION,
        "voice_url": number.voice_url,
        "voice_method": number.voice_method,
        "voice_fallback_url": number.voice_fallback_url,
        "voice_fallback_method": number.voice_fallback_method,
        "voice_application_sid": None,
        "voice_caller_id_lookup": number.voice_caller_id_lookup,
        "voice_receive_mode": "voice",
        "status_callback": number.status_callback,
        "status_callback_method": number.status_callback_method,
        "trunk_sid": None,
        "sms_url": "",
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        "sms_application_sid": None,
        "capabilities": {"voice": True, "sms": False, "mms": False, "fax": False},
        "address_requirements": "none",
        "address_sid": None,
        "identity_sid": None,
        "bundle_sid": None,
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "beta": False,
        "origin": "hosted",
        "status": "in-use",
        "type": "local",
        "date_created": when(number.date_created),
        "date_updated": when(number.date_updated),
        "uri": f"{account_uri(number.account_sid)}/IncomingPhoneNumbers/{number.sid}.json",
    }


def notification_json(note: Notification) -> dict[str, object]:
    """Return a notification as lists show it."""
    facts = {
        "Msg": note.message,
        "ErrorCode": str(note.error_code),
        "LogLevel": describe(note.error_code).level.upper(),
    }
    return {
        "account_sid": note.account_sid,
        "api_version": VERSION,
        "call_sid": note.call_sid,
        "date_created": when(note.date_created),
        "date_updated": when(note.date_created),
        "error_code": str(note.error_code),
        "log": note.log,
        "message_date": when(note.date_created),
        "message_text": urlencode(facts),
        "more_info": f"https://www.twilio.com/docs/errors/{note.error_code}",
        "request_method": note.request_method or None,
        "request_url": note.request_url or None,
        "sid": note.sid,
        "uri": f"{account_uri(note.account_sid)}/Notifications/{note.sid}.json",
    }


def notification_detail_json(note: Notification) -> dict[str, object]:
    """Return a notification as a single fetch shows it; what was exchanged is not kept."""
    return {
        **notification_json(note),
        "request_variables": None,
        "response_body": None,
        "response_headers": None,
    }


def recording_json(
    recording: RecordingRecord,
    *,
    of: Literal["account", "call", "conference"] = "account",
    status: str | None = None,
) -> dict[str, object]:
    """Return a recording as the resource of its account, call or conference shows it.

    ``status`` replaces the record's own: ``stopped`` is the answer to a stop.
    """
    account = account_uri(recording.account_sid)
    base = f"{account}/Recordings/{recording.sid}"
    owners = {
        "account": "",
        "call": f"/Calls/{recording.call_sid}",
        "conference": f"/Conferences/{recording.conference_sid}",
    }
    shown: dict[str, object] = {
        "account_sid": recording.account_sid,
        "api_version": VERSION,
        "call_sid": recording.call_sid,
        "conference_sid": recording.conference_sid,
        "channels": recording.channels,
        "date_created": when(recording.date_created),
        "date_updated": when(recording.date_updated),
        "start_time": when(recording.start_time),
        "price": None,
        "price_unit": "USD",
        "duration": None if recording.duration is None else str(recording.duration),
        "sid": recording.sid,
        "source": recording.source,
        "status": status or recording.status,
        "error_code": recording.error_code,
        "encryption_details": None,
        "uri": f"{account}{owners[of]}/Recordings/{recording.sid}.json",
    }
    if of == "call":
        return shown | {"track": recording.track}
    parts = {"add_on_results": "AddOnResults", "transcriptions": "Transcriptions"}
    return shown | {
        "subresource_uris": {k: f"{base}/{v}.json" for k, v in parts.items()},
        "media_url": base,
    }


def transcription_json(transcription: TranscriptionRecord) -> dict[str, object]:
    """Return a transcription."""
    return {
        "account_sid": transcription.account_sid,
        "api_version": VERSION,
        "date_created": when(transcription.date_created),
        "date_updated": when(transcription.date_updated),
        "duration": str(transcription.duration),
        "price": None,
        "price_unit": "USD",
        "recording_sid": transcription.recording_sid,
        "sid": transcription.sid,
        "status": transcription.status,
        "transcription_text": transcription.text or None,
        "type": "fast",
        "uri": f"{account_uri(transcription.account_sid)}/Transcriptions/{transcription.sid}.json",
    }


def _formatted(party: str) -> str:
    if match := _NORTH_AMERICAN.fullmatch(party):
        return f"({match[1]}) {match[2]}-{match[3]}"
    return party
