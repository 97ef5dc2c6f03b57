"""The app of one node: everything joined together, started, and ended in order.

This is the only place that knows all rooms. It holds no behaviour of its own.
"""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from ari_app.api import build_app
from ari_app.ari.client import AriClient
from ari_app.bus import Bus
from ari_app.call.conference import Conferences
from ari_app.call.manager import CallManager
from ari_app.call.ports import CallSettings, Services
from ari_app.call.queue import Queues
from ari_app.call.recordings.recorder import Recorder
from ari_app.call.recordings.recording import Studio
from ari_app.call.trace import Trace, Unwatched
from ari_app.call.transcripts import Transcripts
from ari_app.cluster import Presence
from ari_app.demo import demo_routes
from ari_app.ending import run_to_end
from ari_app.http.callbacks import CallbackSender, CallbackWarning
from ari_app.http.guard import guarded_session
from ari_app.http.names import Names
from ari_app.http.sign import signature
from ari_app.http.webhooks import Webhooks
from ari_app.logs import configure_logs
from ari_app.media.cache import MediaCache
from ari_app.media.music import Tunes
from ari_app.media.recording_folder import RecordingFolder
from ari_app.media.sound import Sound
from ari_app.media.tones import beep
from ari_app.metrics import watch_node
from ari_app.model import Account, Notification
from ari_app.node.notify import announced
from ari_app.node.state import sole
from ari_app.platform.local import LocalPlatform
from ari_app.retention import forget_old
from ari_app.settings import Settings
from ari_app.sids import new_sid
from ari_app.speech.speaker import Speaker
from ari_app.store.store import Store
from ari_app.streams.pool import StreamPool
from ari_app.wiring.background import ApiBackground
from ari_app.wiring.bus import make_bus
from ari_app.wiring.calls import ApiCalls
from ari_app.wiring.cluster import Here, extend, make_presence
from ari_app.wiring.conferences import ApiConferences
from ari_app.wiring.numbers import configured_numbers
from ari_app.wiring.outside import Outside
from ari_app.wiring.platform import CallPlatform
from ari_app.wiring.queues import ApiQueues
from ari_app.wiring.recognition import make_recognizer
from ari_app.wiring.recordings import ApiRecordings
from ari_app.wiring.sip_hosts import SipHosts
from ari_app.wiring.speech import make_speaker
from ari_app.wiring.streams import CallStreams
from ari_app.wiring.takeover import take_over
from ari_app.wiring.tap import make_tap, serve_tap
from stream.addresses import UrlPolicy

log = structlog.get_logger(__name__)

#: Seconds that a part may take to answer whether it is there.
ANSWER_SECONDS = 2.0


def serve(settings: Settings) -> int:
    """Run the app until SIGTERM or SIGINT; returns the process's exit code.

    Raises NodeError when another app runs in the same state folder: before anything else, since
    to connect would take the workers and the calls from it.
    """
    with sole(settings):
        configure_logs(settings.log_format, settings.log_level)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    asked = asyncio.Semaphore(0)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.release)
    async with node(settings) as running:
        log.info("node.ready", http=settings.api_url, node=settings.node)
        manager = running.manager
        async with announced(running.status) as notifier:

            async def drain(seconds: float) -> None:
                notifier.stopping(seconds)
                await manager.drain(seconds)

            ends_well = await run_to_end(asked, running.ari.replaced, drain, settings.drain_timeout)
        if not ends_well:
            log.critical(
                "node.replaced",
                app=running.ari.app,
                hint="another program uses this ARI application; give each its own name",
            )
            # The calls belong to whoever has the application now, or to our next start: no
            # orderly end of ours may touch them.
            sys.stdout.flush()
            os._exit(1)
    return 0


class _Pinged(Protocol):
    async def ping(self) -> None: ...


class Node:
    """The running parts of a node that its owner needs."""

    def __init__(
        self, settings: Settings, store: Store, bus: Bus, ari: AriClient, pool: StreamPool
    ) -> None:
        self.settings = settings
        self.store = store
        self.bus = bus
        self.ari = ari
        self.pool = pool
        #: Who watches the calls.
        self.trace: Trace = Unwatched()
        self.recordings = RecordingFolder(
            settings.recordings_dir, settings.raw_recordings_dir, settings.recording_bytes
        )
        self.recorder: Recorder
        self.transcripts: Transcripts
        self.services: Services
        self.manager: CallManager
        self.presence: Presence
        self.outside: Outside
        self._down: set[str] = set()

    async def health(self) -> dict[str, bool]:
        """Tell of each part whether it answers, and whether the node is draining."""
        return {
            # Who asks about a running call before it is taken up would hear that there is none.
            "asterisk": self.ari.state in ("connected", "lagging") and self.manager.adopted,
            "store": await self._answers("store", self.store),
            "bus": await self._answers("bus", self.bus),
            "stream": self.pool.healthy,
            "draining": self.manager.draining,
        }

    async def status(self) -> str:
        """Say in a line how the node is, for `systemctl status`."""
        parts = await self.health()
        if parts.pop("draining"):
            return "drains: no new calls"
        away = sorted(name for name, well in parts.items() if not well)
        return f"no answer from {', '.join(away)}" if away else "takes calls"

    async def _answers(self, name: str, part: _Pinged) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await part.ping()
        except Exception as error:  # whatever it is, the answer is no
            if name not in self._down:
                log.warning("health.no", part=name, error=str(error))
            self._down.add(name)
            return False
        self._down.discard(name)
        return True


@asynccontextmanager
async def node(settings: Settings) -> AsyncIterator[Node]:
    """Start all parts, serve HTTP, and take everything down in reverse order."""
    async with AsyncExitStack() as stack:
        store = await open_store(stack, settings)
        bus = await make_bus(stack, settings)
        policy = UrlPolicy(settings.allow_private_urls, settings.url_allow)
        tls = ssl.create_default_context(cafile=settings.ca_file)
        session = await stack.enter_async_context(guarded_session(policy, ssl_context=tls))
        tap = make_tap(settings)
        webhooks = Webhooks(session, trace=tap)
        callbacks = CallbackSender(
            store.outbox, webhooks, _tokens(store), on_warning=_keep_warning(store)
        )
        await callbacks.start()
        stack.push_async_callback(callbacks.close)
        media = MediaCache(settings.media_dir, session, settings.media_cache_bytes)
        stack.push_async_callback(media.close)
        pool = StreamPool(settings.stream_sockets, settings.run_dir, trace=tap)
        await pool.start()
        stack.push_async_callback(pool.close)

        ari = AriClient(
            settings.ari_base_url,
            settings.ari_username,
            _secret(settings.ari_password),
            settings.ari_app,
            trace=tap,
        )
        names = Names()
        stack.push_async_callback(names.close)
        hosts = SipHosts(policy, names)
        running = Node(settings, store, bus, ari, pool)
        running.outside = Outside(bus)
        stack.push_async_callback(running.outside.close)
        running.trace = tap or Unwatched()
        forgetting = asyncio.create_task(
            forget_old(store, running.recordings, settings.retention_days)
        )
        stack.callback(forgetting.cancel)
        running.recorder = Recorder(_studio(running, callbacks))
        running.transcripts = Transcripts(
            make_recognizer(settings),
            store.transcriptions,
            running.recordings,
            callbacks,
            _now,
            node=settings.node,
            base_url=settings.api_url,
        )
        speaker = await make_speaker(stack, settings, media, tls)
        running.services = _services(running, webhooks, callbacks, media, speaker, hosts)
        stack.callback(running.services.conferences.close)
        running.manager = CallManager(running.services)
        await serve_tap(stack, tap, settings, ari, pool, bus)
        await ari.start()
        stack.push_async_callback(ari.close)
        stack.push_async_callback(running.recorder.close)
        stack.push_async_callback(running.transcripts.close)
        running.presence = make_presence(settings, bus, running.manager, running.health)
        await _listen(stack, running, hosts)
        yield running


async def open_store(stack: AsyncExitStack, settings: Settings) -> Store:
    """Open the store with what the settings put into it."""
    store = await Store.open(settings.sql_url, node=settings.node)
    stack.push_async_callback(store.close)
    if settings.redis_url is not None:
        # Before calls are taken up: else another node may end their books meanwhile. Whether one
        # has, the first look of the takeover asks in any case.
        await store.nodes.beat(settings.node)
    account = await store.accounts.ensure(_first_account(settings))
    await store.numbers.sync_config(configured_numbers(settings, account.sid))
    return store


def _studio(node: Node, callbacks: CallbackSender) -> Studio:
    """Give recordings everything they use."""
    settings, store = node.settings, node.store
    return Studio(
        ari=node.ari,
        store=store.recordings,
        files=node.recordings,
        callbacks=callbacks,
        notifications=store.notifications,
        now=_now,
        node=settings.node,
        base_url=settings.api_url,
        trace=node.trace,
    )


def _services(
    node: Node,
    webhooks: Webhooks,
    callbacks: CallbackSender,
    media: MediaCache,
    speaker: Speaker[Sound],
    hosts: SipHosts,
) -> Services:
    """Give the calls everything they use."""
    settings, store = node.settings, node.store
    return Services(
        ari=node.ari,
        settings=CallSettings(
            node=settings.node,
            app=settings.ari_app,
            gateways=settings.sip_gateways,
            outbound_sip_uri=settings.outbound_sip_uri,
            client_sip_uri=settings.client_sip_uri,
            stream_keep_query=settings.stream_keep_query,
        ),
        platform=CallPlatform(LocalPlatform(store, sources=settings.platform_sources)),
        calls=store.calls,
        notifications=store.notifications,
        webhooks=webhooks,
        callbacks=callbacks,
        sign=signature,
        audio=media,
        speaker=speaker,
        streams=CallStreams(
            node.pool,
            allow_private=settings.allow_private_urls,
            allow=[str(network) for network in settings.url_allow],
            keep_query=settings.stream_keep_query,
            outside=node.outside if settings.redis_url is not None else None,
        ),
        recognizer=make_recognizer(settings),
        recorder=node.recorder,
        transcripts=node.transcripts,
        beep=lambda: beep(media),
        tunes=Tunes(media),
        conferences=Conferences(store.conferences),
        queues=Queues(store.queues),
        hosts=hosts,
        now=_now,
        trace=node.trace,
    )


async def _listen(stack: AsyncExitStack, node: Node, hosts: SipHosts) -> None:
    """Serve the HTTP API."""
    settings = node.settings
    metrics = CollectorRegistry()
    watch_node(metrics, node)
    calls = ApiCalls(node.manager, node.store, hosts=hosts, ended_update=settings.ended_call_update)
    services = node.services
    here = Here(
        calls=calls,
        beside=ApiBackground(node.manager, _now),
        recorded=ApiRecordings(node.manager, node.recorder, node.store, node.recordings),
        rooms=ApiConferences(services, services.conferences, node.store, calls),
        queues=ApiQueues(services.queues, node.store),
    )
    account = services.platform.account
    everywhere = await extend(
        stack, settings, node.bus, node.store, node.presence, here, account, node.outside
    )
    app = build_app(
        node.store,
        everywhere.calls,
        node.health,
        beside=everywhere.beside,
        recorded=everywhere.recorded,
        rooms=everywhere.rooms,
        queues=everywhere.queues,
        metrics=metrics,
        open_routes=demo_routes() if settings.demo else (),
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, str(settings.bind), settings.http_port).start()
    # Only now: who hears of this node may send it calls and requests.
    await node.presence.start()
    stack.push_async_callback(node.presence.close)
    take_over(stack, settings, node.store, node.presence, node.manager)


def _first_account(settings: Settings) -> Account:
    """The `local` platform's own account; its SID and token were made with the state folder."""
    now = _now()
    return Account(
        sid=settings.account_sid or "",
        auth_token=_secret(settings.auth_token),
        friendly_name="ariswitch",
        date_created=now,
        date_updated=now,
    )


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""


def _now() -> datetime:
    return datetime.now(UTC)


def _tokens(store: Store) -> Callable[[str], Any]:
    async def token(account_sid: str) -> str | None:
        account = await store.accounts.find(account_sid)
        return None if account is None else account.auth_token

    return token


def _keep_warning(store: Store) -> Callable[[CallbackWarning], Any]:
    async def keep(warning: CallbackWarning) -> None:
        await store.notifications.add(
            Notification(
                sid=new_sid("NO"),
                account_sid=warning.account_sid,
                call_sid=warning.call_sid,
                error_code=warning.code,
                log="1",
                message=warning.message,
                request_url=warning.url,
                request_method=warning.method,
                date_created=_now(),
            )
        )

    return keep


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  (optional: faster where it has a build)
    except ImportError:
        return None
    return uvloop.new_event_loop
