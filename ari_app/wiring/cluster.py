"""This node among others: announced, and its REST services extended to all nodes."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from ari_app.api.ports import (
    BackgroundService,
    CallService,
    ConferenceService,
    QueueService,
    RecordingService,
)
from ari_app.bus import Bus
from ari_app.call.manager import CallManager
from ari_app.cluster import Announcement, Orders, Presence
from ari_app.model import Account
from ari_app.settings import Settings
from ari_app.store.store import Store
from ari_app.wiring.across.calls import BesideAcross, CallsAcross
from ari_app.wiring.across.conferences import ConferencesAcross
from ari_app.wiring.across.elsewhere import Elsewhere
from ari_app.wiring.across.files import FetchedFiles
from ari_app.wiring.across.owner import Owner
from ari_app.wiring.across.owners import Owners
from ari_app.wiring.across.queues import QueuesAcross
from ari_app.wiring.across.recordings import RecordingsAcross
from ari_app.wiring.background import ApiBackground
from ari_app.wiring.calls import ApiCalls
from ari_app.wiring.conferences import ApiConferences
from ari_app.wiring.outside import Outside
from ari_app.wiring.queues import ApiQueues
from ari_app.wiring.recordings import ApiRecordings

#: Seconds for which an announcement believes what the parts have answered.
HEALTH_SECONDS = 1.5


@dataclass(frozen=True, kw_only=True)
class Here:
    """This node's own services."""

    calls: ApiCalls
    beside: ApiBackground
    recorded: ApiRecordings
    rooms: ApiConferences
    queues: ApiQueues


@dataclass(frozen=True, kw_only=True)
class Services:
    """The same for all nodes, as the API takes them."""

    calls: CallService
    beside: BackgroundService
    recorded: RecordingService
    rooms: ConferenceService
    queues: QueueService


async def extend(
    stack: AsyncExitStack,
    settings: Settings,
    bus: Bus,
    store: Store,
    presence: Presence,
    here: Here,
    account: Callable[[str], Awaitable[Account | None]],
    outside: Outside,
) -> Services:
    """Let this node's services act on all nodes, and other nodes' orders be carried out here."""
    node = settings.node
    owner = Owner(
        account,
        calls=here.calls,
        beside=here.beside,
        recorded=here.recorded,
        rooms=here.rooms,
        queues=here.queues,
    )
    orders = Orders(bus, node)
    await orders.start(owner.carry_out)
    stack.push_async_callback(orders.close)
    session = await stack.enter_async_context(aiohttp.ClientSession())
    owners, elsewhere = Owners(node, store), Elsewhere(node, orders, presence)
    files = FetchedFiles(settings.state_dir / "fetched", session, presence, account)
    return Services(
        calls=CallsAcross(here.calls, owners, elsewhere, outside),
        beside=BesideAcross(here.beside, here.calls, owners, elsewhere),
        recorded=RecordingsAcross(node, here.recorded, owners, elsewhere, files),
        rooms=ConferencesAcross(here.rooms, owners, elsewhere),
        queues=QueuesAcross(here.queues, store, elsewhere),
    )


def make_presence(
    settings: Settings,
    bus: Bus,
    manager: CallManager,
    health: Callable[[], Awaitable[dict[str, bool]]],
) -> Presence:
    """Return what announces this node; it is not started yet."""
    address = _address(settings)
    host = f"[{address}]" if ":" in address else address

    fit, asked = False, -HEALTH_SECONDS

    async def is_fit() -> bool:
        """Whether all parts answer, asked anew every now and then only: calls come and go."""
        nonlocal fit, asked
        if time.monotonic() - asked >= HEALTH_SECONDS:
            asked = time.monotonic()
            try:
                async with asyncio.timeout(HEALTH_SECONDS):
                    parts = await health()
                fit = all(well for part, well in parts.items() if part != "draining")
            except TimeoutError:
                fit = False
        return fit

    async def describe() -> Announcement:
        return Announcement(
            node=settings.node,
            sip=f"{host}:{settings.sip_port}",
            api=f"http://{host}:{settings.http_port}",
            capacity=settings.stream_capacity * settings.stream_workers,
            calls=manager.active,
            draining=manager.draining,
            healthy=await is_fit(),
            at=int(time.time()),
        )

    presence = Presence(bus, describe)
    manager.on_change(presence.changed)
    return presence


def _address(settings: Settings) -> str:
    """Return the address at which others reach this node."""
    if settings.node_address:
        return settings.node_address
    if not settings.bind.is_unspecified:
        return str(settings.bind)
    url = urlsplit(settings.redis_url.get_secret_value() if settings.redis_url else "")
    if not url.hostname:
        return "127.0.0.1"
    try:
        family, kind, _, _, where = socket.getaddrinfo(
            url.hostname, url.port or 6379, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind) as probe:  # sends nothing: it only chooses a route
            probe.connect(where)
            return str(probe.getsockname()[0])
    except OSError:
        return socket.gethostname()
