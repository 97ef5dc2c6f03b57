"""The rooms around a call, as small doubles: store, customer, sounds and streams of a test.

``async with CallRoom() as room`` is a call manager between a `FakeAsterisk` and these.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from types import TracebackType
from typing import Any, Self

import msgspec

from ari_app.ari import AriClient
from ari_app.call.conference import Conferences
from ari_app.call.manager import CallManager
from ari_app.call.ports import (
    CallSettings,
    InboundRefusal,
    InboundRoute,
    Services,
)
from ari_app.call.queue import Queues
from ari_app.call.recordings.recorder import Recorder
from ari_app.call.recordings.recording import Studio
from ari_app.call.transcripts import Transcripts
from ari_app.errors import StoreUnavailable, TwilioError, UnknownRecordError
from ari_app.model import (
    Account,
    CallRecord,
    Checkpoint,
    Endpoint,
    HttpMethod,
    Notification,
    PhoneNumber,
    StatusCallback,
)
from ari_app.store import Store
from ari_app.testing.asterisk import FakeAsterisk
from ari_app.testing.call_rooms import FakeConferenceStore, FakeQueueStore
from ari_app.testing.call_streams import FakeStreams
from ari_app.testing.news import News
from ari_app.testing.recognizer import FakeRecognizer
from ari_app.testing.recordings import (
    FakeRecordingFiles,
    FakeRecordingStore,
    FakeTranscriber,
    FakeTranscriptionStore,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ACCOUNT = Account(
    sid="AC" + "1" * 32,
    auth_token="token",  # noqa: S106
    friendly_name="t",
    date_created=NOW,
    date_updated=NOW,
)
NUMBER = PhoneNumber(
    sid="PN" + "1" * 32,
    account_sid=ACCOUNT.sid,
    phone_number="+15550100",
    friendly_name="t",
    date_created=NOW,
    date_updated=NOW,
)
VOICE = Endpoint(url="http://app.test/voice")
FALLBACK = Endpoint(url="http://app.test/fallback")
EVENTS = StatusCallback(
    url="http://app.test/status",
    events=frozenset({"initiated", "ringing", "answered", "completed"}),
)


class FakeCallStore:
    """Call records in memory; away while ``down``."""

    def __init__(self, news: News) -> None:
        self.down = False
        self.refused = 0
        self.records: dict[str, CallRecord] = {}
        self.places: dict[str, Checkpoint] = {}
        self.updates: list[tuple[str, dict[str, Any]]] = []
        self._news = news

    async def insert(self, call: CallRecord, /) -> None:
        """Remember a call."""
        self._check()
        self.records[call.sid] = call
        self._news.tell()

    async def update(self, sid: str, **changes: Any) -> CallRecord:
        """Change a call; raises UnknownRecordError."""
        self._check()
        if sid not in self.records:
            raise UnknownRecordError(sid)
        self.updates.append((sid, changes))
        self.records[sid] = msgspec.structs.replace(self.records[sid], **changes)
        self._news.tell()
        return self.records[sid]

    async def checkpoint(self, sid: str, place: Checkpoint) -> None:
        """Note a place."""
        self._check()
        self.places[sid] = place
        self._news.tell()

    async def unfinished(self, node: str) -> Sequence[tuple[CallRecord, Checkpoint | None]]:
        """List what has not ended."""
        self._check()
        return [
            (record, self.places.get(record.sid))
            for record in self.records.values()
            if record.node == node and not record.status.final
        ]

    @property
    def only(self) -> CallRecord:
        """The one call there is."""
        (record,) = self.records.values()
        return record

    def _check(self) -> None:
        if self.down:
            self.refused += 1
            self._news.tell()
            raise StoreUnavailable("the store is away")


class FakeNotifications:
    """Keeps problems; ``codes`` in order."""

    def __init__(self, news: News) -> None:
        self.kept: list[Notification] = []
        self._news = news

    async def add(self, notification: Notification, /) -> None:
        """Keep one."""
        self.kept.append(notification)
        self._news.tell()

    @property
    def codes(self) -> list[int]:
        """Error codes so far."""
        return [notification.error_code for notification in self.kept]


@dataclass(frozen=True)
class FakeReply:
    """A webhook's answer."""

    url: str
    body: bytes
    content_type: str | None = "text/xml"


class FakeCustomer:
    """Webhooks and callbacks of one customer: ``documents`` by URL, what was asked, what was told.

    A document may be an exception to raise, or an Event that is waited for in vain.
    """

    def __init__(self, news: News) -> None:
        self.documents: dict[str, str | TwilioError | asyncio.Event | FakeReply] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.told: list[tuple[str, dict[str, str]]] = []
        self._news = news

    def conversation(self, *, auth_token: str, call_sid: str) -> FakeCustomer:
        """Begin a call's HTTP side."""
        return self

    async def ask(self, endpoint: Endpoint, params: Mapping[str, str]) -> FakeReply:
        """Answer with the document of the URL."""
        self.asked.append((endpoint.url, dict(params)))
        self._news.tell()
        if not endpoint.url:
            raise TwilioError(11100, "no URL")
        document = self.documents[endpoint.url]
        if isinstance(document, TwilioError):
            raise document
        if isinstance(document, FakeReply):
            return document
        if isinstance(document, asyncio.Event):
            await document.wait()
            raise TwilioError(11200, "never answered")
        return FakeReply(endpoint.url, f"<Response>{document}</Response>".encode())

    async def enqueue(
        self,
        *,
        url: str,
        method: HttpMethod,
        params: Mapping[str, str],
        account_sid: str,
        call_sid: str,
    ) -> None:
        """Take a callback."""
        self.told.append((url, dict(params)))
        self._news.tell()

    @property
    def statuses(self) -> list[str]:
        """CallStatus of all call callbacks in order."""
        return [params["CallStatus"] for _, params in self.told if "SequenceNumber" in params]

    @property
    def stream_events(self) -> list[str]:
        """StreamEvent of all stream callbacks in order."""
        return [params["StreamEvent"] for _, params in self.told if "StreamEvent" in params]


class FakeSound:
    """A sound that counts who holds it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.duration = 1.0
        self.held = 0

    def __enter__(self) -> Self:
        self.held += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.held -= 1


@dataclass(frozen=True)
class FakeSpoken:
    """What speech came out as."""

    sound: FakeSound
    warnings: Sequence[tuple[int, str]] = ()


class FakeSounds:
    """Audio files and speech; ``failing`` URLs raise their error."""

    def __init__(self) -> None:
        self.failing: dict[str, TwilioError] = {}
        self.made: list[FakeSound] = []
        self.said: list[str] = []
        self.kept: list[tuple[bytes, str]] = []

    async def fetch(self, url: str) -> FakeSound:
        """Pretend to fetch a file."""
        if url in self.failing:
            raise self.failing[url]
        self.made.append(FakeSound(f"/media/{url.rsplit('/', 1)[-1]}"))
        return self.made[-1]

    async def keep(self, body: bytes, content_type: str, url: str) -> FakeSound:
        """Pretend to convert what is here already."""
        self.kept.append((body, content_type))
        self.made.append(FakeSound(f"/media/kept-{len(self.kept)}"))
        return self.made[-1]

    async def beep(self) -> FakeSound:
        """Make the tone before a recording."""
        return self._tune("beep")

    async def music(self) -> FakeSound:
        """Make music."""
        return self._tune("music")

    async def chime(self, *, rising: bool) -> FakeSound:
        """Make a chime."""
        return self._tune("chime-up" if rising else "chime-down")

    def _tune(self, name: str) -> FakeSound:
        self.made.append(FakeSound(f"/media/{name}"))
        return self.made[-1]

    async def say(
        self, text: str, voice: str, language: str | None, ssml: str | None = None
    ) -> FakeSpoken:
        """Pretend to speak."""
        self.said.append(text)
        self.made.append(FakeSound(f"/media/say-{len(self.said)}"))
        return FakeSpoken(self.made[-1])


class FakePlatform:
    """One customer with one number; ``answer`` may be an error to raise or a refusal.

    ``hiccups`` are errors that looking for an account SID ends in, once each.
    """

    def __init__(self) -> None:
        self.hiccups: dict[str, Exception] = {}
        self.answer: InboundRoute | InboundRefusal | Exception = InboundRoute(
            ACCOUNT, NUMBER, VOICE, None, EVENTS
        )

    async def route(
        self, *, to: str, from_: str, source_ip: str, sip_call_id: str
    ) -> InboundRoute | InboundRefusal:
        """Decide as told."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def account(self, sid: str) -> Account | None:
        """Return the one account."""
        if sid in self.hiccups:
            raise self.hiccups.pop(sid)
        return ACCOUNT if sid == ACCOUNT.sid else None


class FakeHosts:
    """Everybody may be called but the ``forbidden``."""

    def __init__(self) -> None:
        self.forbidden: set[str] = set()

    async def permits(self, host: str) -> bool:
        """Tell whether a host may be called."""
        return host not in self.forbidden


class CallRoom:
    """A call manager between a fake Asterisk and fake rooms; an async context manager.

    What an earlier process is to have left is put into ``asterisk.world``, ``calls`` and
    ``streams.living`` before `connect`. Calls still running at the end are hung up.
    ``gateways`` are the addresses of those in front of the node. With ``store``, calls,
    conferences and queues are kept in SQL instead of memory.
    """

    def __init__(
        self,
        gateways: tuple[IPv4Network | IPv6Network, ...] = (),
        *,
        node: str = "n1",
        store: Store | None = None,
    ) -> None:
        self._gateways = gateways
        self._node = node
        self._store = store
        self.news = News()
        self.asterisk = FakeAsterisk()
        self.calls = FakeCallStore(self.news)
        self.notifications = FakeNotifications(self.news)
        self.customer = FakeCustomer(self.news)
        self.sounds = FakeSounds()
        self.streams = FakeStreams(self.news)
        self.conferences = FakeConferenceStore()
        self.queues = FakeQueueStore()
        self.recognizer = FakeRecognizer()
        self.platform = FakePlatform()
        self.hosts = FakeHosts()
        self.recordings = FakeRecordingStore(self.news)
        self.files = FakeRecordingFiles(self.asterisk.world)
        self.transcriptions = FakeTranscriptionStore(self.news)
        self.transcriber = FakeTranscriber()
        self.ari: AriClient
        self.services: Services
        self.manager: CallManager
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.asterisk)
        self.ari = self.asterisk.client()
        self._stack.push_async_callback(self.ari.close)
        studio = Studio(
            ari=self.ari,
            store=self.recordings,
            files=self.files,
            callbacks=self.customer,
            notifications=self.notifications,
            now=lambda: datetime.now(UTC),
            node="n1",
            base_url="http://switch.test",
        )
        self.recorder = Recorder(studio)
        self._stack.push_async_callback(self.recorder.close)
        self.transcripts = Transcripts(
            self.transcriber,
            self.transcriptions,
            self.files,
            self.customer,
            lambda: datetime.now(UTC),
            node="n1",
            base_url="http://switch.test",
        )
        self._stack.push_async_callback(self.transcripts.close)
        self.services = Services(
            ari=self.ari,
            settings=CallSettings(
                node=self._node,
                app=self.asterisk.app,
                gateways=self._gateways,
                outbound_sip_uri="sip:{number}@127.0.0.1:5090",
            ),
            platform=self.platform,
            calls=self._store.calls if self._store else self.calls,
            notifications=self.notifications,
            webhooks=self.customer,
            callbacks=self.customer,
            sign=lambda _token, _url, _params=None: "signed",
            audio=self.sounds,
            speaker=self.sounds,
            streams=self.streams,
            hosts=self.hosts,
            recognizer=self.recognizer,
            recorder=self.recorder,
            transcripts=self.transcripts,
            beep=self.sounds.beep,
            tunes=self.sounds,
            conferences=Conferences(self._store.conferences if self._store else self.conferences),
            queues=Queues(self._store.queues if self._store else self.queues),
            now=lambda: datetime.now(UTC),
        )
        self.manager = CallManager(self.services)
        return self

    async def connect(self) -> Self:
        """Connect to Asterisk; calls are taken up and taken from here on."""
        connected = self.asterisk.connections + 1
        await self.ari.start()
        await self.asterisk.wait_connected(connected)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.calls.down = False
        await self.manager.drain(0)
        await self._stack.aclose()

    async def call(self, *verbs: str) -> str:
        """A caller comes in and the number says ``verbs``; the channel's id."""
        self.customer.documents[VOICE.url] = "".join(verbs)
        return await self.asterisk.incoming_call(NUMBER.phone_number)

    async def reached(self, verb: int) -> None:
        """Wait until the one call stands at verb number ``verb`` of its document."""
        await self.news.until(
            lambda: any(place.verb == verb for place in self.calls.places.values())
        )

    async def ended(self) -> CallRecord:
        """Wait until the one call has ended and everything of it was written; its record."""
        await self.news.until(
            lambda: (
                bool(self.calls.records)
                and all(record.status.final for record in self.calls.records.values())
            )
        )
        await self.manager.drain(10)
        return self.calls.only

    def assert_nothing_left(self) -> None:
        """No channel, bridge, playback, held sound or running stream is left."""
        world = self.asterisk.world
        assert not world.channels, world.channels  # noqa: S101
        assert not world.bridges, world.bridges  # noqa: S101
        assert not world.playbacks, world.playbacks  # noqa: S101
        assert not any(sound.held for sound in self.sounds.made)  # noqa: S101
        assert not world.recordings, world.recordings  # noqa: S101
        assert all(stream.over for stream in self.streams.opened)  # noqa: S101
        assert all(one.over for one in self.recognizer.begun)  # noqa: S101
