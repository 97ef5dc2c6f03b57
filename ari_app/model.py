"""The records every room of ``ari_app`` speaks of: accounts, numbers, calls, notifications.

Plain data with Twilio's names and value sets (Twilio: Call, IncomingPhoneNumber, Account and
Notification resources). This module imports none of our own code, so any room may use it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Generic, Literal, TypeVar

import msgspec

HttpMethod = Literal["GET", "POST"]


class CallStatus(StrEnum):
    """State of a call as Twilio names it; ``initiated`` is seen in callbacks only."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        """Whether the call has ended; a final state never changes."""
        return self in _FINAL


_FINAL = frozenset(
    {
        CallStatus.COMPLETED,
        CallStatus.BUSY,
        CallStatus.FAILED,
        CallStatus.NO_ANSWER,
        CallStatus.CANCELED,
    }
)


class Direction(StrEnum):
    """Who started the call, in Twilio's words."""

    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_DIAL = "outbound-dial"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's HTTP endpoint: where it is and how it is asked."""

    url: str
    method: HttpMethod = "POST"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of this switch (Twilio: Account)."""

    sid: str
    auth_token: str
    friendly_name: str
    status: Literal["active", "suspended", "closed"] = "active"
    date_created: datetime
    date_updated: datetime


class PhoneNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A number that can be called and what happens then (Twilio: IncomingPhoneNumber)."""

    sid: str
    account_sid: str
    phone_number: str
    friendly_name: str
    voice_url: str = ""
    voice_method: HttpMethod = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: HttpMethod = "POST"
    status_callback: str = ""
    status_callback_method: HttpMethod = "POST"
    voice_caller_id_lookup: bool = False
    #: "config" when the number comes from the config file: REST may read but not change it.
    origin: Literal["api", "config"] = "api"
    date_created: datetime
    date_updated: datetime


class StatusCallback(msgspec.Struct, frozen=True, kw_only=True):
    """Where call progress is told, and which events are wanted."""

    url: str
    method: HttpMethod = "POST"
    events: frozenset[str] = frozenset({"completed"})


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one call leg (Twilio: Call).

    Times are UTC. ``start_time`` is the time of answer, ``end_time`` the end of the call;
    both None before that. ``duration`` is whole seconds from answer to end.
    """

    sid: str
    account_sid: str
    direction: Direction
    from_: str
    to: str
    status: CallStatus
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    voice: Endpoint | None = None
    fallback: Endpoint | None = None
    twiml: str | None = None
    status_callback: StatusCallback | None = None
    caller_id: str | None = None
    forwarded_from: str | None = None
    answered_by: str | None = None
    sip_call_id: str | None = None
    sip_response_code: int | None = None
    #: How many events of the call were counted; the next one's ``SequenceNumber``.
    events_told: int = 0
    node: str = ""
    channel_id: str = ""
    timeout: int = 60
    time_limit: int = 14_400
    date_created: datetime
    date_updated: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration: int | None = None


class CallEnding(msgspec.Struct, frozen=True, kw_only=True):
    """How a call has ended that nobody saw end; ``params`` is what its callback says, if any."""

    status: CallStatus
    end_time: datetime
    duration: int
    events_told: int
    params: dict[str, str] | None


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One error or warning, tied to a call where there is one (Twilio: Notification)."""

    sid: str
    account_sid: str
    call_sid: str | None
    error_code: int
    #: "0" is an error, "1" a warning, as Twilio writes them.
    log: Literal["0", "1"]
    message: str
    request_url: str = ""
    request_method: str = ""
    date_created: datetime


class Span(msgspec.Struct, frozen=True):
    """A range of time, both ends included; None is open."""

    since: datetime | None = None
    until: datetime | None = None


class RecordingStatus(StrEnum):
    """State of a recording as Twilio names it."""

    IN_PROGRESS = "in-progress"
    PAUSED = "paused"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ABSENT = "absent"
    FAILED = "failed"
    DELETED = "deleted"

    @property
    def final(self) -> bool:
        """Whether no more audio comes and the file, if any, is ready."""
        return self not in (self.IN_PROGRESS, self.PAUSED, self.PROCESSING)


class RecordingSource(StrEnum):
    """What asked for a recording, in Twilio's words."""

    DIAL_VERB = "DialVerb"
    CONFERENCE = "Conference"
    OUTBOUND_API = "OutboundAPI"
    RECORD_VERB = "RecordVerb"
    START_API = "StartCallRecordingAPI"
    START_TWIML = "StartCallRecordingTwiML"
    START_CONFERENCE_API = "StartConferenceRecordingAPI"


RecordingTrack = Literal["inbound", "outbound", "both"]


class Segment(msgspec.Struct, frozen=True):
    """One file of raw audio, and the seconds of silence that belong before it."""

    file: str
    silence: float = 0.0


class Tape(msgspec.Struct, frozen=True, kw_only=True):
    """Where Asterisk writes a running recording.

    ``kind`` says how: "monitor" (MixMonitor on a channel: two tracks), "channel" (ARI record of
    what a channel sends) or "bridge" (ARI record of a bridge). ``target`` is the id of the
    channel or bridge; ``monitor`` the MixMonitor's own id. ``paused_at`` is set in a pause, and
    ``silent`` when silence is to stand for it.
    """

    kind: Literal["monitor", "channel", "bridge"]
    target: str
    segments: tuple[Segment, ...] = ()
    monitor: str = ""
    paused_at: datetime | None = None
    silent: bool = False


class RecordingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one recording (Twilio: Recording).

    ``channels`` is 1 or 2, ``duration`` whole seconds (None before the end), ``size`` that of
    the WAV in bytes. ``name`` is that of ``<Start><Recording>``.
    """

    sid: str
    account_sid: str
    call_sid: str | None
    conference_sid: str | None = None
    source: RecordingSource
    status: RecordingStatus = RecordingStatus.IN_PROGRESS
    name: str = ""
    channels: int = 1
    track: RecordingTrack = "both"
    trim: bool = False
    callback: StatusCallback | None = None
    error_code: int | None = None
    node: str = ""
    tape: Tape | None = None
    start_time: datetime
    duration: int | None = None
    size: int = 0
    date_created: datetime
    date_updated: datetime


class TranscriptionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was said in a recording, as text (Twilio: Transcription).

    ``duration`` of the recording, whole seconds. ``params`` are the call's own in the callback.
    """

    sid: str
    account_sid: str
    recording_sid: str
    call_sid: str | None
    status: Literal["in-progress", "completed", "failed"] = "in-progress"
    text: str = ""
    duration: int
    callback: Endpoint | None = None
    params: dict[str, str] = {}
    node: str = ""
    date_created: datetime
    date_updated: datetime


class RecordingFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which recordings a list holds; None means any (Twilio: Recording list filters)."""

    call_sid: str | None = None
    conference_sid: str | None = None
    include_deleted: bool = False
    created: Span = Span()


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running call stands in its TwiML, so that a restarted app can go on there.

    ``verb`` is the index of the verb to run next when the app comes back; ``document`` is the
    TwiML text, ``url``/``method`` where it came from (empty for TwiML sent by REST).
    """

    url: str = ""
    method: HttpMethod = "POST"
    document: str = ""
    verb: int = 0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that must reach its endpoint, kept until it has.

    ``host`` is that of ``url`` with its port; ``sequence`` is Twilio's SequenceNumber within the
    call; ``attempts`` counts failed tries.
    """

    id: int
    url: str
    host: str = ""
    method: HttpMethod
    params: dict[str, str]
    account_sid: str
    call_sid: str | None
    sequence: int
    attempts: int
    due_at: datetime
    error: str = ""


class ConferenceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one conference (Twilio: Conference).

    ``status`` is ``in-progress`` from the first participant on, also while all of them wait.
    ``reason_conference_ended`` and ``call_sid_ending_conference`` are None until it is over.
    """

    sid: str
    account_sid: str
    friendly_name: str
    status: Literal["init", "in-progress", "completed"] = "in-progress"
    node: str = ""
    reason_conference_ended: str | None = None
    call_sid_ending_conference: str | None = None
    date_created: datetime
    date_updated: datetime


class MachineDetection(msgspec.Struct, frozen=True, kw_only=True):
    """How it is found out whether a machine answered (Twilio: answering machine detection).

    ``timeout`` in seconds, the others in milliseconds. With ``callback`` the call goes on
    meanwhile and the verdict is told there; without, its document waits for it.
    """

    #: Whether a machine's greeting is waited for to its end.
    until_end: bool = False
    timeout: int = 30
    speech_threshold: int = 2400
    speech_end_threshold: int = 1200
    silence_timeout: int = 5000
    callback: Endpoint | None = None


class ParticipantRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A call in a conference, as it is this moment (Twilio: Participant)."""

    account_sid: str
    conference_sid: str
    call_sid: str
    label: str = ""
    muted: bool = False
    hold: bool = False
    coaching: bool = False
    call_sid_to_coach: str | None = None
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    status: Literal["queued", "connecting", "ringing", "connected", "complete", "failed"] = (
        "connected"
    )
    date_created: datetime
    date_updated: datetime


class QueueRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A queue of callers; who waits in it is not remembered (Twilio: Queue)."""

    sid: str
    account_sid: str
    friendly_name: str
    max_size: int = 1000
    date_created: datetime
    date_updated: datetime


class QueueMember(msgspec.Struct, frozen=True, kw_only=True):
    """A caller in a queue, as he stands this moment; ``wait_time`` in seconds (Twilio: Member)."""

    account_sid: str
    queue_sid: str
    call_sid: str
    position: int
    wait_time: int
    date_enqueued: datetime


class ConferenceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which conferences a list holds; None means any (Twilio: Conference list filters)."""

    friendly_name: str | None = None
    status: str | None = None
    created: Span = Span()
    updated: Span = Span()


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls a list holds; None means any (Twilio: Call list filters)."""

    to: str | None = None
    from_: str | None = None
    status: CallStatus | None = None
    parent_call_sid: str | None = None
    started: Span = Span()
    ended: Span = Span()


class NumberFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which numbers a list holds: part of the number (``*`` is any digit), or the exact name."""

    phone_number: str | None = None
    friendly_name: str | None = None


class NotificationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which notifications a list holds; None means any (Twilio: Notification list filters)."""

    call_sid: str | None = None
    log: Literal["0", "1"] | None = None
    dated: Span = Span()


class PageRequest(msgspec.Struct, frozen=True):
    """Which page of a list: ``size`` items from the place of ``token``, else page ``number``."""

    size: int = 50
    number: int = 0
    token: str | None = None


T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list, newest item first, and the tokens of its neighbours (None: no such)."""

    items: tuple[T, ...]
    number: int
    size: int
    next_token: str | None = None
    previous_token: str | None = None
