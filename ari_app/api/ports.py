"""What the API asks of the rest of the switch, and the parsed requests it hands over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from ari_app.model import (
    Account,
    CallFilter,
    CallRecord,
    ConferenceFilter,
    ConferenceRecord,
    Endpoint,
    MachineDetection,
    Notification,
    NotificationFilter,
    NumberFilter,
    Page,
    PageRequest,
    ParticipantRecord,
    PhoneNumber,
    QueueMember,
    QueueRecord,
    RecordingFilter,
    RecordingRecord,
    RecordingTrack,
    StatusCallback,
    TranscriptionRecord,
)

#: Tells of each part ("asterisk", "store", "bus", "stream", …) whether it answers, and under
#: the key "draining" whether the node takes no new calls any more.
Health = Callable[[], Awaitable[dict[str, bool]]]


class StartRecording(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Calls/{sid}/Recordings``, or ``Record=true`` of a new call."""

    channels: int = 1
    track: RecordingTrack = "both"
    trim: bool = False
    callback: StatusCallback | None = None


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


class UpdateConference(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Conferences/{sid}``: end it, or let all in it hear something."""

    end: bool = False
    announce: Endpoint | None = None


class UpdateParticipant(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST …/Participants/{id}``; None leaves a thing as it is."""

    muted: bool | None = None
    hold: bool | None = None
    hold_music: Endpoint | None = None
    wait_music: Endpoint | None = None
    announce: Endpoint | None = None
    beep_on_exit: bool | None = None
    end_on_exit: bool | None = None
    coaching: bool | None = None
    call_sid_to_coach: str | None = None


class CreateParticipant(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST …/Participants``: whom to call, and attributes of his <Conference>."""

    call: CreateCall
    attributes: dict[str, str]


class QueueState(msgspec.Struct, frozen=True):
    """A queue with how many wait in it, and for how many seconds on average."""

    queue: QueueRecord
    size: int = 0
    average_wait: int = 0


class ApiError(Exception):
    """A refusal as Twilio words it: HTTP ``status``, Twilio's ``code``, and a ``message``."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


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


class CreateStream(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Calls/{sid}/Streams``: a one-way stream beside the call."""

    url: str
    name: str | None = None
    track: str = "inbound_track"
    status_callback: Endpoint | None = None
    parameters: dict[str, str] = {}


class CreateTranscription(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Calls/{sid}/Transcriptions``: what is said, told as it is said."""

    name: str | None = None
    track: str = "both_tracks"
    status_callback: Endpoint | None = None
    language: str = "en-US"
    engine: str = "google"
    model: str = "telephony"
    hints: tuple[str, ...] = ()
    partial_results: bool = False
    profanity_filter: bool = True
    punctuation: bool = True
    inbound_label: str | None = None
    outbound_label: str | None = None


class BackgroundState(msgspec.Struct, frozen=True, kw_only=True):
    """Something that runs or ran beside a call."""

    sid: str
    account_sid: str
    call_sid: str
    name: str
    status: Literal["in-progress", "stopped"]
    date_updated: datetime


class BackgroundService(Protocol):
    """Starts and stops what runs beside a call."""

    async def start(
        self, account: Account, call_sid: str, request: CreateStream | CreateTranscription
    ) -> BackgroundState:
        """Start it and return its state.

        Raises:
            ApiError: 404/20404 unknown call, 400/21220 call not in progress, 400 with a code of
                the 31900 family or 13340 when it cannot be.
        """
        ...

    async def stop(self, account: Account, call_sid: str, kind: str, name: str) -> BackgroundState:
        """Stop what has that name or SID; ``kind`` is ``stream`` or ``transcription``.

        Raises:
            ApiError: 404/20404 unknown call or name, 400/21220 call not in progress.
        """


class ConferenceService(Protocol):
    """Knows and changes conferences. Anything may raise StoreUnavailable.

    ``conference`` is a SID, or the name of one that runs; ``participant`` the SID of a call or
    a label. What does not exist raises UnknownRecordError; what Asterisk refuses, ApiError 503.
    """

    async def list(
        self, account: Account, filters: ConferenceFilter, page: PageRequest
    ) -> Page[ConferenceRecord]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def get(self, account: Account, conference: str) -> ConferenceRecord:
        """Return a conference as it is this moment."""
        ...

    async def update(
        self, account: Account, conference: str, wanted: UpdateConference
    ) -> ConferenceRecord:
        """End a conference or announce something in it. Raises ApiError 400 when it is over."""
        ...

    async def participants(self, account: Account, conference: str) -> Sequence[ParticipantRecord]:
        """Return who is in it, first come first; nobody when it is over."""
        ...

    async def participant(
        self, account: Account, conference: str, participant: str
    ) -> ParticipantRecord:
        """Return one participant."""
        ...

    async def change(
        self, account: Account, conference: str, participant: str, wanted: UpdateParticipant
    ) -> ParticipantRecord:
        """Change a participant; returns him as he then is."""
        ...

    async def kick(self, account: Account, conference: str, participant: str) -> None:
        """Put a participant out."""
        ...

    async def call_in(
        self, account: Account, conference: str, wanted: CreateParticipant
    ) -> ParticipantRecord:
        """Call somebody who joins the conference when he answers. Raises ApiError."""
        ...


class QueueService(Protocol):
    """Knows and changes queues. Anything may raise StoreUnavailable.

    ``member`` is the SID of a call, or ``Front``. What does not exist raises
    UnknownRecordError.
    """

    async def create(self, account: Account, name: str, size: int) -> QueueState:
        """Make a queue. Raises ApiError 400/22003 when there is one of that name."""
        ...

    async def list(self, account: Account, page: PageRequest) -> Page[QueueState]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def get(self, account: Account, sid: str) -> QueueState:
        """Return a queue."""
        ...

    async def update(
        self, account: Account, sid: str, *, name: str | None, size: int | None
    ) -> QueueState:
        """Change a queue. Raises ApiError 400/22003 when the name is taken."""
        ...

    async def delete(self, account: Account, sid: str) -> None:
        """Remove an empty queue. Raises ApiError 400/22005 when somebody waits in it."""
        ...

    async def members(self, account: Account, sid: str) -> Sequence[QueueMember]:
        """Return who waits, first come first."""
        ...

    async def member(self, account: Account, sid: str, member: str) -> QueueMember:
        """Return one who waits."""
        ...

    async def dequeue(
        self, account: Account, sid: str, member: str, source: Endpoint
    ) -> QueueMember:
        """Take one out and give him the document of ``source``; returns how he stood."""
        ...


class UpdateRecording(msgspec.Struct, frozen=True, kw_only=True):
    """A checked update of a running recording; ``silent``: silence stands for the pause."""

    status: Literal["in-progress", "paused", "stopped"]
    silent: bool = True


class RecordingService(Protocol):
    """Starts, changes and hands out recordings. May raise StoreUnavailable."""

    async def running(
        self,
        account: Account,
        sid: str,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord | None:
        """Return a running recording of the account as it is this moment.

        ``sid`` may be ``Twilio.CURRENT`` with the call or conference meant.
        """
        ...

    async def start(
        self, account: Account, call_sid: str, request: StartRecording
    ) -> RecordingRecord:
        """Record a call.

        Raises:
            ApiError: 404/20404 unknown call, 400/21220 call not in progress, 400/16108 recorded
                already, 503/20503 not possible now.
        """
        ...

    async def update(
        self,
        account: Account,
        sid: str,
        request: UpdateRecording,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord:
        """Pause, resume or stop. Raises ApiError 404/20404, 400/21220; UnknownRecordError."""
        ...

    async def media(
        self, record: RecordingRecord, kind: Literal["wav", "mp3"], *, channels: int | None
    ) -> Path:
        """Return the file; ``channels`` 1 mixes two. Raises FileNotFoundError."""
        ...

    async def delete(self, record: RecordingRecord) -> None:
        """Remove a finished recording's audio and mark its record as deleted."""
        ...


class Recordings(Protocol):
    """Records of recordings as stored."""

    async def get(self, account_sid: str, sid: str) -> RecordingRecord:
        """Return a recording. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, filters: RecordingFilter, page: PageRequest
    ) -> Page[RecordingRecord]:
        """Return a page, newest first. Raises PageTokenError."""
        ...


class Transcriptions(Protocol):
    """Transcriptions as stored."""

    async def get(self, account_sid: str, sid: str) -> TranscriptionRecord:
        """Return a transcription. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, recording_sid: str | None, page: PageRequest
    ) -> Page[TranscriptionRecord]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        ...


class Accounts(Protocol):
    """Accounts as stored."""

    async def find(self, sid: str) -> Account | None:
        """Return the account, or None."""
        ...


class Calls(Protocol):
    """Call records as stored."""

    async def get(self, sid: str, account_sid: str | None = None) -> CallRecord:
        """Return a call. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, filters: CallFilter, page: PageRequest
    ) -> Page[CallRecord]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        ...


class Numbers(Protocol):
    """Phone numbers as stored."""

    async def create(self, number: PhoneNumber) -> PhoneNumber:
        """Insert. Raises DuplicateRecordError."""
        ...

    async def get(self, account_sid: str, sid: str) -> PhoneNumber:
        """Return a number. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, filters: NumberFilter, page: PageRequest
    ) -> Page[PhoneNumber]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def update(self, account_sid: str, sid: str, **changes: Any) -> PhoneNumber:
        """Change fields. Raises UnknownRecordError, DuplicateRecordError."""
        ...

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        ...


class Notifications(Protocol):
    """Notifications as stored."""

    async def add(self, notification: Notification) -> Notification:
        """Insert."""
        ...

    async def get(self, account_sid: str, sid: str) -> Notification:
        """Return a notification. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, filters: NotificationFilter, page: PageRequest
    ) -> Page[Notification]:
        """Return a page, newest first. Raises PageTokenError."""
        ...


class ApiStore(Protocol):
    """The part of the store the API uses; anything may raise StoreUnavailable."""

    @property
    def accounts(self) -> Accounts:
        """Accounts."""
        ...

    @property
    def calls(self) -> Calls:
        """Calls."""
        ...

    @property
    def numbers(self) -> Numbers:
        """Numbers."""
        ...

    @property
    def recordings(self) -> Recordings:
        """Recordings."""
        ...

    @property
    def transcriptions(self) -> Transcriptions:
        """Transcriptions."""
        ...

    @property
    def notifications(self) -> Notifications:
        """Notifications."""
        ...
