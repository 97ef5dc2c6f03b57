"""The tap told over the bus between nodes, only while somebody listens: see `debug.listening`.

A listener that reads too slowly, or a Redis that is, has entries forgotten before they are told;
the numbers say how many. Nobody waits for it.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import msgspec
import structlog

from ari_app.debug.listening import (
    CHANNEL,
    HELLO,
    SIGN,
    SILENCE,
    WINDOW,
    Head,
    Hello,
    channel_of,
    decode_hello,
)
from ari_app.tap.lines import AT_ONCE, lines, note
from ari_app.tap.measuring import Measuring
from ari_app.tap.ports import Bus, OpenPublisher, Publisher
from ari_app.tap.tap import Tap

log = structlog.get_logger(__name__)

#: Listeners at a time.
MOST_LISTENERS = 8
#: Entries told at a time.
_BATCH = 50
#: Seconds between looks for something new.
_LOOK = 0.05
#: A listener that says hello and has no more than so long ago has lost what was on its way.
_STALLED = 3 * HELLO


class TapRelay:
    """Tells ``tap`` to every listener that says hello on ``bus``. To be closed."""

    def __init__(
        self,
        tap: Tap,
        node: str,
        bus: Bus,
        publisher: OpenPublisher,
        measuring: Measuring,
        about: dict[str, str] | None = None,
    ) -> None:
        self._tap = tap
        self._node = node
        self._publisher = publisher
        self._measuring = measuring
        self._about = about or {}
        self._hellos = bus.subscribe(CHANNEL)
        self._listeners: dict[str, _Listener] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to hear hellos."""
        self._listening = asyncio.create_task(self._listen(), name="tap relay")

    async def close(self) -> None:
        """Tell nobody any more."""
        self._hellos.close()
        tasks = [*self._tasks, *([self._listening] if self._listening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def listeners(self) -> int:
        """How many are told."""
        return len(self._listeners)

    async def _listen(self) -> None:
        async for payload in self._hellos:
            try:
                said = decode_hello.decode(payload)
            except msgspec.MsgspecError as error:
                log.warning("tap.bad_hello", error=str(error)[:200])
                continue
            if (known := self._listeners.get(said.listener)) is not None:
                known.heard(said.got.get(self._node, 0))
            elif len(self._listeners) < MOST_LISTENERS:
                self._listeners[said.listener] = _Listener()
                task = asyncio.create_task(self._attend(said), name="tap listener")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _attend(self, said: Hello) -> None:
        measuring: asyncio.Task[None] | None = None
        if said.want == "rtp":
            measuring = asyncio.create_task(self._measuring.keep())
        try:
            async with AsyncExitStack() as stack:
                await self._tell(await stack.enter_async_context(self._publisher()), said)
        except ConnectionError as error:
            log.info("tap.listener_lost", error=str(error))  # it says hello again
        except Exception:
            log.exception("tap.relay_failed")
        finally:
            if measuring is not None:
                measuring.cancel()
            del self._listeners[said.listener]

    async def _tell(self, publisher: Publisher, said: Hello) -> None:
        """Tell one listener everything, until it has gone."""
        loop, ring, listener = (
            asyncio.get_running_loop(),
            self._tap.ring,
            self._listeners[said.listener],
        )
        channel, number, caught_up, told = channel_of(said.listener), ring.first, False, 0.0
        if (before := said.read.get(self._node)) and before.started == self._tap.started:
            number = max(number, before.next)
        parts = [note("attached", self._about | {"kept": len(ring)}, self._node)]
        while loop.time() - listener.at < SILENCE:
            if not listener.room:
                await listener.wait()
                continue
            first, entries = ring.read(number, _BATCH)
            for offset, entry in enumerate(entries):
                parts += lines(self._tap, first + offset, entry, self._node)
                if offset % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
            number = first + len(entries)
            anew = len(entries) < _BATCH and not caught_up
            caught_up = caught_up or anew
            if parts or anew or loop.time() - told >= SIGN:
                told, body = loop.time(), b"".join(parts)
                listener.sent += len(body)
                head = Head(self._node, self._tap.started, first, number, listener.sent, caught_up)
                if not await publisher.publish(channel, msgspec.json.encode(head) + b"\n" + body):
                    return
                parts.clear()
            await asyncio.sleep(0 if len(entries) == _BATCH else _LOOK)


class _Listener:
    """What is known of one: when it was heard, and the bytes that are on their way to it."""

    def __init__(self) -> None:
        self.at = asyncio.get_running_loop().time()
        self.sent = 0
        self._got = 0
        self._moved = self.at
        self._news = asyncio.Event()

    @property
    def room(self) -> bool:
        """Whether more may be on its way."""
        return self.sent - self._got < WINDOW

    def heard(self, got: int) -> None:
        """It is there, and has so many bytes."""
        self.at = asyncio.get_running_loop().time()
        if got > self._got:
            self._got, self._moved = min(got, self.sent), self.at
        elif self.at - self._moved > _STALLED:
            # Redis lost them, with the listener's connection: they never come.
            self._got, self._moved = self.sent, self.at
        self._news.set()

    async def wait(self) -> None:
        """Wait for a hello, or until it has been silent for long."""
        self._news.clear()
        try:
            async with asyncio.timeout(SILENCE):
                await self._news.wait()
        except TimeoutError:
            pass  # gone: the caller sees it by the time
