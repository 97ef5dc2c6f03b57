"""What nodes say of themselves over Redis: the channel `ariswitch:nodes` and a key for each.

A key lives ten seconds, so a node whose key is there is alive: clocks need not agree.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, Self

import msgspec
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from ari_app.gateway.keeper import Announced

log = structlog.get_logger(__name__)

CHANNEL = "ariswitch:nodes"
KEYS = "ariswitch:node:"
#: Seconds that a command to Redis may take.
TIMEOUT = 5.0
#: Nodes that are looked at; more are a mistake or an attack.
MAX_NODES = 1000


class _Said(msgspec.Struct, frozen=True):
    node: str
    sip: str
    capacity: int = msgspec.field(default=0)
    calls: int = 0
    draining: bool = False
    healthy: bool = True
    at: float = 0.0


def parse(data: bytes) -> Announced | None:
    """Read one announcement; None when it is none, which is logged."""
    try:
        said = msgspec.json.decode(data, type=_Said)
        return Announced(
            node=said.node,
            sip=said.sip,
            capacity=said.capacity,
            calls=said.calls,
            taking=said.healthy and not said.draining,
            at=said.at,
        )
    except (msgspec.DecodeError, ValueError) as error:
        log.warning("gateway.announcement_unread", error=str(error), data=data[:120])
        return None


class Announcements:
    """All living nodes, and a wait for news of one. Each raises ConnectionError, OSError."""

    def __init__(self, url: str) -> None:
        self._redis: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        )
        self._news = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        await self._redis.aclose()

    async def read(self) -> tuple[Announced, ...]:
        """Return what every living node said last."""
        try:
            keys = []
            async for key in self._redis.scan_iter(match=f"{KEYS}*", count=500):
                keys.append(key)
                if len(keys) >= MAX_NODES:
                    log.error("gateway.too_many_nodes", limit=MAX_NODES)
                    break
            values: Iterable[Any] = await self._redis.mget(keys) if keys else ()
        except RedisError as error:
            raise ConnectionError(f"Redis: {error}") from error
        found = (parse(value) for value in values if isinstance(value, bytes))
        return tuple(one for one in found if one is not None)

    async def news(self, at_most: float) -> None:
        """Wait until a node says something, ``at_most`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._news.wait()
        self._news.clear()

    async def _listen(self) -> None:
        """Wake up whoever waits. Without Redis there are no news; `read` tells of it."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    while True:
                        if await pubsub.get_message(ignore_subscribe_messages=True, timeout=60):
                            self._news.set()
            except (RedisError, OSError) as error:
                log.debug("gateway.redis_away", error=str(error))
                await asyncio.sleep(1)
