"""The bus between nodes: Redis, by publish and subscribe.

A process has two connections, however many calls it runs: one publishes, the other one carries
all subscriptions (Redis wants those apart). Both are made anew when Redis has been away. What
was published meanwhile is lost: whoever needs an answer must ask for one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Sequence
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ari_app.bus.queue import Listeners, QueuedSubscription

log = structlog.get_logger(__name__)

#: A channel of nobody's, subscribed to always: a connection without any cannot be told alive.
_ANCHOR = "ariswitch:anchor"
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class RedisBus:
    """Publish and subscribe through Redis. Times in seconds.

    ``patience`` bounds every command; a subscribed connection that says nothing for twice
    ``silence``, though asked, is made anew. ``quiet``: who uses it tells that Redis is away, and
    the log does not.
    """

    def __init__(
        self,
        url: str,
        *,
        queue_limit: int = 1000,
        patience: float = 3.0,
        silence: float = 5.0,
        quiet: bool = False,
    ) -> None:
        """Prepare for ``url``; nothing is connected yet. Raises ValueError for a bad one."""
        self._limit = queue_limit
        self._patience = patience
        self._silence = silence
        self._quiet = quiet
        self._publisher = _client(url, patience)
        self._subscriber = _client(url, patience)
        self._listeners = Listeners()
        #: Channels of which Redis has said that they are subscribed to.
        self._confirmed: set[str] = set()
        self._news = asyncio.Event()
        self._changed = asyncio.Event()
        self._away = False
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen; when Redis is away, as soon as it is there."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_listening(), name="redis bus")

    async def publish(self, channel: str, payload: bytes) -> int:
        """Give ``payload`` to every subscriber of ``channel``, of all nodes; return how many.

        Raises ConnectionError; it may have been published all the same.
        """
        return int(await self._command(self._publisher.publish(channel, payload)))

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish many in order, in one exchange with Redis. Raises ConnectionError."""
        pipeline = self._publisher.pipeline(transaction=False)
        for channel, payload in messages:
            pipeline.publish(channel, payload)
        await self._command(pipeline.execute())

    async def count(self, channel: str) -> int:
        """Return how many processes subscribe to ``channel``. Raises ConnectionError."""
        ((_, count),) = await self._command(self._publisher.pubsub_numsub(channel))
        return int(count)

    def subscribe(self, channel: str) -> QueuedSubscription:
        """Listen to a channel as soon as Redis can be told so."""
        subscription = QueuedSubscription(
            channel, self._limit, forget=self._forget, ready=self._ready
        )
        self._listeners.add(subscription)
        self._changed.set()
        return subscription

    async def keep(self, key: str, payload: bytes, seconds: int) -> None:
        """Leave ``payload`` under ``key`` for so many seconds. Raises ConnectionError."""
        await self._command(self._publisher.set(key, payload, ex=seconds))

    async def ping(self) -> None:
        """Raise ConnectionError unless Redis answers and all subscriptions are made."""
        await self._command(self._publisher.ping())
        if not self._listeners.channels <= self._confirmed:
            raise ConnectionError("Redis: not subscribed yet")

    async def close(self) -> None:
        """End every subscription and both connections."""
        self._closing = True
        self._listeners.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for client in (self._publisher, self._subscriber):
            await client.aclose()

    async def _command(self, command: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self._patience):
                result = await command
                _heed_cancellation()
                return result
        except (RedisError, OSError) as error:  # a time-out is an OSError too
            raise ConnectionError(f"Redis: {error or type(error).__name__}") from error

    async def _keep_listening(self) -> None:
        """Hold the subscribed connection, with growing pauses while Redis is away."""
        pause = _FIRST_PAUSE
        while not self._closing:  # connecting, or its failure, may hide that this is cancelled
            try:
                async with self._subscriber.pubsub() as pubsub:
                    await self._listen(pubsub)
            except* (RedisError, OSError) as group:
                if self._confirmed:
                    pause = _FIRST_PAUSE
                if not self._away:
                    self._away = True
                    if not self._quiet:
                        log.warning("bus.away", error=str(group.exceptions[0]))
            self._confirmed.clear()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _listen(self, pubsub: PubSub) -> None:
        """Subscribe to what is wanted and hand out what comes, until the connection fails."""
        await pubsub.subscribe(_ANCHOR)
        if self._closing:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ask(pubsub))
            group.create_task(self._read(pubsub))

    async def _ask(self, pubsub: PubSub) -> None:
        """Keep what Redis is asked for the same as what is listened to here."""
        asked = {_ANCHOR}
        while True:
            self._changed.clear()
            wanted = self._listeners.channels | {_ANCHOR}
            if wanted - asked:
                await pubsub.subscribe(*sorted(wanted - asked))
            if asked - wanted:
                self._confirmed -= asked - wanted
                await pubsub.unsubscribe(*sorted(asked - wanted))
            asked = wanted
            _heed_cancellation()
            await self._changed.wait()

    async def _read(self, pubsub: PubSub) -> None:
        """Hand out what comes. Raises TimeoutError when nothing does, though asked."""
        asked = False
        while True:
            message = await pubsub.get_message(timeout=self._silence)
            _heed_cancellation()
            if message is None and asked:
                raise TimeoutError("no sign of life")
            asked = message is None
            if message is None:
                await pubsub.ping()
            elif message["type"] == "message":
                self._listeners.give(message["channel"].decode(), message["data"])
            elif message["type"] == "subscribe":
                self._confirm(message["channel"].decode())

    def _confirm(self, channel: str) -> None:
        if self._away:
            self._away = False
            if not self._quiet:
                log.info("bus.back")
        self._confirmed.add(channel)
        self._news.set()
        self._news = asyncio.Event()

    async def _ready(self, channel: str) -> None:
        while channel not in self._confirmed:
            await self._news.wait()

    def _forget(self, subscription: QueuedSubscription) -> None:
        self._listeners.forget(subscription)
        self._changed.set()


def _heed_cancellation() -> None:
    """Raise the CancelledError that Python 3.11's ``wait_for`` may swallow within the client."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _client(url: str, patience: float) -> Redis:
    """Return a client of one connection that never repeats a command by itself."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=1,
        timeout=patience,
        socket_connect_timeout=patience,
        socket_timeout=patience,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)
