"""What a call needs of the other rooms, as small interfaces.

The call room knows these shapes only; ``ari_app.main`` joins them to the real stores,
HTTP clients, speech engines and stream workers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from ari_app.ari.client import AriClient
from ari_app.call.bridge import Bridges
from ari_app.call.speech_ports import Recognizer
from ari_app.call.trace import Trace, Unwatched
from ari_app.model import (
    Account,
    CallRecord,
    Checkpoint,
    ConferenceRecord,
    Endpoint,
    HttpMethod,
    Notification,
    PhoneNumber,
    QueueRecord,
    RecordingRecord,
    RecordingTrack,
    StatusCallback,
    TranscriptionRecord,
)

if TYPE_CHECKING:
    from ari_app.call.conference.desk import Conferences
    from ari_app.call.queue.desk import Queues
    from ari_app.call.recordings.recorder import Recorder
    from ari_app.call.transcripts import Transcripts


class CallStore(Protocol):
    """Where call records live (SQL); every method may raise when the store is away."""

    async def insert(self, call: CallRecord, /) -> object:
        """Remember a new call."""

    async def update(self, sid: str, **changes: Any) -> CallRecord:
        """Change fields of a call; return the whole record."""

    async def checkpoint(self, sid: str, place: Checkpoint) -> None:
        """Note where the call stands in its TwiML."""

    async def unfinished(self, node: str) -> Sequence[tuple[CallRecord, Checkpoint | None]]:
        """Return the node's calls that have not ended, with the place each had reached."""


class ConferenceStore(Protocol):
    """Where conferences are remembered (SQL); every method may raise when the store is away."""

    async def insert(self, conference: ConferenceRecord, /) -> object:
        """Remember a new conference."""

    async def update(self, sid: str, **changes: Any) -> object:
        """Change fields of a conference."""

    async def unfinished(self, node: str) -> Sequence[ConferenceRecord]:
        """Return the node's conferences that have not ended."""


class QueueStore(Protocol):
    """Where queues are remembered (SQL); every method may raise when the store is away."""

    async def create(self, queue: QueueRecord, /) -> object:
        """Remember a new queue; raises DuplicateRecordError for a name that is taken."""

    async def find(self, account_sid: str, friendly_name: str) -> QueueRecord | None:
        """Return the account's queue of that name."""


class NotificationStore(Protocol):
    """Where errors and warnings of calls are kept for the Notifications resource."""

    async def add(self, notification: Notification, /) -> object:
        """Keep one notification."""


@dataclass(frozen=True, slots=True)
class InboundRoute:
    """The platform's answer for an inbound call: whose it is and what runs."""

    account: Account
    number: PhoneNumber
    voice: Endpoint | None
    fallback: Endpoint | None
    status_callback: StatusCallback | None


@dataclass(frozen=True, slots=True)
class InboundRefusal:
    """The platform's refusal: the SIP status (403 or 404) and why."""

    status: int
    reason: str


class Platform(Protocol):
    """Who the customer is (``local``; others may come)."""

    async def route(
        self, *, to: str, from_: str, source_ip: str, sip_call_id: str
    ) -> InboundRoute | InboundRefusal:
        """Decide about an inbound call."""

    async def account(self, sid: str) -> Account | None:
        """Return an account or None."""


class Reply(Protocol):
    """What a webhook answered."""

    @property
    def url(self) -> str:
        """The URL after redirects; the base of relative URLs in the document."""

    @property
    def content_type(self) -> str | None:
        """The Content-Type header or None."""

    @property
    def body(self) -> bytes:
        """The body, bounded by the sender."""


class Conversation(Protocol):
    """HTTP to one call's customer: cookies are kept between its requests."""

    async def ask(self, endpoint: Endpoint, params: Mapping[str, str]) -> Reply:
        """Send a signed webhook and return the answer; raises TwilioError (11200 family)."""


class RecordingStore(Protocol):
    """Where records of recordings live (SQL); every method may raise when it is away."""

    async def insert(self, recording: RecordingRecord, /) -> object:
        """Remember a new recording."""

    async def update(self, sid: str, **changes: Any) -> None:
        """Change fields of a recording."""

    async def unfinished(self, node: str) -> Sequence[RecordingRecord]:
        """Return the node's recordings whose file is not ready."""


class Recorded(Protocol):
    """What became of raw audio; ``seconds`` 0: nothing was left, there is no file."""

    @property
    def seconds(self) -> float:
        """Length of the file."""

    @property
    def size(self) -> int:
        """Bytes of the file."""

    @property
    def loud(self) -> bool:
        """Whether anything was louder than silence."""

    @property
    def raw_seconds(self) -> float:
        """Length of the raw audio."""


class RecordingFiles(Protocol):
    """The files of recordings: raw ones that Asterisk writes, and finished ones."""

    def raw(self, name: str, /) -> Path:
        """Return where Asterisk is to write raw file ``name``."""

    async def no_room(self) -> str:
        """Say why nothing more can be recorded; '' when it can."""

    async def closed(self, name: str, /) -> bool:
        """Wait until raw file ``name`` is written no more; False when it never came to be."""

    async def finish(
        self,
        sid: str,
        raw: Sequence[tuple[str, float]],
        *,
        raw_tracks: Literal[1, 2],
        channels: int,
        track: RecordingTrack,
        trim: bool,
    ) -> Recorded:
        """Make the recording of raw files (name, seconds of silence before), which then go.

        Raises FileNotFoundError when none of them is there, OSError when the disk will not.
        """

    def discard(self, names: Sequence[str], /) -> None:
        """Remove raw files."""

    async def delete(self, sid: str, /) -> None:
        """Remove a finished recording."""

    async def pcm(self, sid: str, /) -> bytes:
        """Return the samples of a finished mono recording, 16 bit. Raises OSError."""


class TranscriptionStore(Protocol):
    """Where transcriptions live (SQL); every method may raise when it is away."""

    async def insert(self, transcription: TranscriptionRecord, /) -> object:
        """Remember a new transcription."""

    async def update(self, sid: str, **changes: Any) -> None:
        """Change fields of a transcription."""

    async def unfinished(self, node: str) -> Sequence[TranscriptionRecord]:
        """Return the node's transcriptions that are not done."""


class Transcriber(Protocol):
    """Speech to text for whole recordings."""

    async def transcribe(self, pcm: bytes, language: str) -> str:
        """Return what is said, of 16-bit PCM mono at 8 kHz. Raises TwilioError (13340, 13331)."""


class Webhooks(Protocol):
    """Maker of conversations."""

    def conversation(self, *, auth_token: str, call_sid: str) -> Conversation:
        """Begin the HTTP side of a call."""


class Callbacks(Protocol):
    """Fire-and-forget webhooks, persisted and retried."""

    async def enqueue(
        self,
        *,
        url: str,
        method: HttpMethod,
        params: Mapping[str, str],
        account_sid: str,
        call_sid: str,
    ) -> None:
        """Take a callback over; it is delivered even across a restart."""


class Signer(Protocol):
    """Signature of a request (Twilio: Webhooks security)."""

    def __call__(self, auth_token: str, url: str, params: Mapping[str, str] | None = None) -> str:
        """Return the base64 HMAC-SHA1."""


class Sound(Protocol):
    """Audio that Asterisk plays without work."""

    @property
    def path(self) -> str:
        """Absolute path without extension."""

    @property
    def duration(self) -> float:
        """Seconds."""

    def __enter__(self) -> Self:
        """Keep the files while they are played."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the cache evict them again."""


class Audio(Protocol):
    """Files for ``<Play>``."""

    async def fetch(self, url: str) -> Sound:
        """Fetch and convert; raises TwilioError (13420, 11200 family)."""

    async def keep(self, body: bytes, content_type: str, url: str) -> Sound:
        """Convert what came from ``url`` already; raises TwilioError (13420, 12400)."""


class Tunes(Protocol):
    """Sounds that the switch makes itself; both raise TwilioError 12400 without disk space."""

    async def music(self) -> Sound:
        """Return the music for those who wait, to be repeated."""

    async def chime(self, *, rising: bool) -> Sound:
        """Return the sound of somebody coming (``rising``) or going."""


class Spoken(Protocol):
    """Speech made for ``<Say>`` and what had to be corrected for it."""

    @property
    def sound(self) -> Sound:
        """The audio."""

    @property
    def warnings(self) -> Sequence[tuple[int, str]]:
        """Twilio codes and messages, e.g. 13511 for an unknown voice."""


class Speaker(Protocol):
    """Text to speech with a cache."""

    async def say(
        self, text: str, voice: str, language: str | None, ssml: str | None = None
    ) -> Spoken:
        """Speak ``text``, or ``ssml``, its ``<speak>`` element, where the engine can.

        Raises TwilioError: 13520 nothing to say, 12400 when no engine can be had.
        """


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Where Asterisk sends one track of a one-way stream from, as µ-law."""

    track: Literal["inbound", "outbound"]
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """One Media Stream to open: where to, what it is called and where its RTP comes from.

    ``codec``, ``peer_host`` and ``peer_port`` are of a stream that goes both ways, ``sources`` of
    one that goes one way. ``allow`` are networks that may be connected to beside the allowed.
    """

    stream_sid: str
    call_sid: str
    account_sid: str
    url: str
    headers: Mapping[str, str]
    name: str
    parameters: Mapping[str, str]
    codec: str = "ulaw"
    peer_host: str = ""
    peer_port: int = 0
    sources: tuple[StreamSource, ...] = ()
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How a stream ended. ``code`` is Twilio's number or None for a clean end."""

    cause: str
    code: int | None
    message: str


class StreamWatcher(Protocol):
    """Receives what happens on a stream, in order."""

    def started(self) -> None:
        """The bot accepted and has its ``start`` message."""

    def warned(self, code: int, message: str) -> None:
        """Something was ignored or dropped (31930, 31931, 31950, 31951)."""


class Hosts(Protocol):
    """Whom a customer may call by SIP address."""

    async def permits(self, host: str) -> bool:
        """Tell whether ``host``, an address or a name, may be called."""


class Stream(Protocol):
    """A running stream as the call sees it."""

    def dtmf(self, digit: str) -> None:
        """Tell the bot of a key."""

    async def stop(self) -> None:
        """Send ``stop`` and close; returns when the worker has done so (bounded)."""

    async def closed(self) -> StreamEnd:
        """Wait for the end."""


class StreamWorker(Protocol):
    """A media process that takes RTP at one address."""

    @property
    def rtp_host(self) -> str:
        """Address of its UDP socket."""

    @property
    def rtp_port(self) -> int:
        """Port of its UDP socket."""


class Streams(Protocol):
    """The stream workers of this node."""

    def pick(self) -> StreamWorker:
        """Choose a worker; raises TwilioError 31900 when none lives."""

    async def open(
        self, worker: StreamWorker, request: StreamRequest, watcher: StreamWatcher
    ) -> Stream:
        """Open a stream on the worker."""

    def adopt(
        self, stream_sid: str, watcher: StreamWatcher, call: CallRecord | None = None
    ) -> Stream | None:
        """Take over a stream that an earlier process opened; None when it is gone."""

    @property
    def unclaimed(self) -> Sequence[str]:
        """SIDs of streams that an earlier process opened and nobody has adopted."""

    def on_attached(self, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever a worker is there (again): it may bring unclaimed streams."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """The few settings that calls look at."""

    node: str
    app: str
    #: Networks of gateways; calls come through them alone when there are any.
    gateways: tuple[IPv4Network | IPv6Network, ...] = ()
    outbound_sip_uri: str | None = None
    client_sip_uri: str | None = None
    stream_keep_query: bool = False
    default_error_speech: str = (
        "We are sorry. An application error has occurred. Goodbye."  # Twilio's habit, our words
    )


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a call uses, in one bundle."""

    ari: AriClient
    settings: CallSettings
    platform: Platform
    calls: CallStore
    notifications: NotificationStore
    webhooks: Webhooks
    callbacks: Callbacks
    sign: Signer
    audio: Audio
    speaker: Speaker
    streams: Streams
    recognizer: Recognizer
    recorder: Recorder
    transcripts: Transcripts
    #: The tone before a recording.
    beep: Callable[[], Awaitable[Sound]]
    tunes: Tunes
    conferences: Conferences
    queues: Queues
    hosts: Hosts
    now: Callable[[], datetime]
    #: Who watches the calls.
    trace: Trace = field(default_factory=Unwatched)
    #: The bridges that calls and conferences of this process use.
    bridges: Bridges = field(default_factory=Bridges)
