"""Which nodes are there, and how they are: each says so every two seconds and at each change.

An announcement is published on ``ariswitch:nodes`` and left under ``ariswitch:node:<node>`` for
ten seconds, for gateways that come later. After ten seconds without one a node counts as away.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from ari_app.cluster.ports import Bus

log = structlog.get_logger(__name__)

CHANNEL = "ariswitch:nodes"
KEY = "ariswitch:node:"
#: Seconds between announcements, and those after which a node that is silent counts as away.
EVERY = 2.0
AWAY = 10
#: Least seconds between two announcements of calls that come and go.
LEAST = 0.1


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """How a node is. ``sip`` is host:port, ``api`` the base URL, ``at`` seconds since 1970."""

    node: str
    sip: str
    api: str
    capacity: int
    calls: int
    draining: bool
    healthy: bool
    at: int


class Presence:
    """Announces this node and knows the others."""

    def __init__(
        self,
        bus: Bus,
        describe: Callable[[], Awaitable[Announcement]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``describe`` says how this node is at the moment."""
        self._bus = bus
        self._describe = describe
        self._clock = clock
        self._seen: dict[str, tuple[float, Announcement]] = {}
        self._changed = asyncio.Event()
        self._closing = False
        self._away = False
        self._subscription = bus.subscribe(CHANNEL)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def nodes(self) -> list[Announcement]:
        """Nodes that are there, this one too, by name."""
        since = self._clock() - AWAY
        gone = [name for name, (seen, _) in self._seen.items() if seen < since]
        for name in gone:
            log.warning("node.away", node=name)
            del self._seen[name]
        return [one for _, (_, one) in sorted(self._seen.items())]

    @property
    def blind(self) -> bool:
        """Whether other nodes may be there without this one knowing: the bus is away."""
        return self._away

    def find(self, node: str) -> Announcement | None:
        """Return how a node is, None for one that is away."""
        return next((one for one in self.nodes if one.node == node), None)

    async def start(self) -> None:
        """Begin to announce and to listen."""
        self._tasks += [
            asyncio.create_task(self._listen(), name="presence"),
            asyncio.create_task(self._keep_announcing(), name="announce"),
        ]

    def changed(self) -> None:
        """Announce at once: a call came or went, or the node drains."""
        self._changed.set()

    async def close(self) -> None:
        """Announce a last time, that no calls are taken, and stop."""
        self._closing = True
        self._changed.set()
        self._subscription.close()
        await asyncio.gather(*self._tasks)

    async def _keep_announcing(self) -> None:
        while not self._closing:
            await self._announce()
            await asyncio.sleep(LEAST)
            try:
                async with asyncio.timeout(EVERY - LEAST):
                    await self._changed.wait()
            except TimeoutError:
                pass
        await self._announce()

    async def _announce(self) -> None:
        self._changed.clear()
        try:
            told = await self._describe()
            if self._closing:
                told = msgspec.structs.replace(told, draining=True, healthy=False)
            payload = msgspec.json.encode(told)
            # In this order: who hears the news reads what is kept.
            await self._bus.keep(KEY + told.node, payload, AWAY)
            await self._bus.publish(CHANNEL, payload)
        except ConnectionError as error:
            if not self._away:
                log.warning("presence.unheard", error=str(error))
            self._away = True
        except Exception:  # whatever it is, the next one may do
            log.exception("presence.failed")
        else:
            self._away = False

    async def _listen(self) -> None:
        async for payload in self._subscription:
            try:
                told = msgspec.json.decode(payload, type=Announcement)
            except msgspec.MsgspecError as error:
                log.warning("presence.unreadable", error=str(error))
                continue
            before = self._seen.get(told.node)
            if before is None:
                log.info("node.there", node=told.node, api=told.api)
            elif (before[1].api, before[1].sip) != (told.api, told.sip):
                log.error("node.twice", node=told.node, api=[before[1].api, told.api])
            self._seen[told.node] = (self._clock(), told)
