"""Reading the taps of all nodes that share a Redis, as one."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec

from ari_app.bus import RedisBus, Subscription
from ari_app.debug import listening
from ari_app.debug.backlog import Wire, opened
from ari_app.debug.listening import Head, Hello, Memory
from ari_app.debug.record import Item
from ari_app.debug.sources import SourceError

#: Messages that may wait to be read; nodes send no more than `listening.WINDOW` ahead.
_WAITING = 50_000
#: Seconds that Redis and all nodes may take to answer.
_PATIENCE = 5.0
#: Seconds that nodes may take to tell what they hold; then what came is shown.
_LONGEST = 30.0
#: Bytes read after which it is said, without waiting for the next hello.
_SAY = listening.WINDOW // 4
#: A node that says nothing for so long has gone, seconds.
GONE = 4 * listening.SIGN
#: Items that may wait for a screen.
_MOST_ITEMS = 50_000

Sink = Callable[[Wire | Item], None]


class Nodes:
    """The taps of all nodes on the Redis at ``url``, for as long as `run` runs.

    What they hold comes first, in order of time over all nodes, then what happens as it comes.
    ``statistics``: have the RTP statistics of all calls asked for meanwhile. Raises SourceError
    for a URL that is none.
    """

    def __init__(self, url: str, *, statistics: bool = False) -> None:
        try:
            self._bus = RedisBus(url, queue_limit=_WAITING, patience=_PATIENCE, quiet=True)
        except ValueError as error:
            raise SourceError(f"not the URL of a Redis: {error}") from None
        self.place = _without_password(url)
        self._hello = Hello(secrets.token_hex(8), "rtp" if statistics else "")
        self._nodes: dict[str, _Node] = {}
        self._told: Subscription | None = None
        self._expected = 0
        self._unsaid = 0
        self._history: list[tuple[float, Wire]] | None = []
        #: What the nodes held has been told.
        self.caught_up = asyncio.Event()

    async def first(self) -> int:
        """Say hello; how many nodes hear it. Raises SourceError when none does."""
        await self._bus.start()
        channel = listening.channel_of(self._hello.listener)
        told = self._bus.subscribe(channel)
        try:
            await self._bus.publish(channel, b"")  # fails at once where nobody is
            async with asyncio.timeout(_PATIENCE):
                await told.ready()
            self._expected = await self._say()
        except (TimeoutError, ConnectionError) as error:
            await self._bus.close()
            raise SourceError(f"Redis at {self.place} does not answer: {error}") from error
        if not self._expected:
            await self._bus.close()
            raise SourceError(
                f"no node of ariswitch listens on the Redis at {self.place}; do they have "
                "ARISWITCH_REDIS_URL, and ARISWITCH_TAP not switched off?"
            )
        self._told = told
        return self._expected

    async def run(self, sink: Sink) -> None:
        """Tell everything to ``sink`` until cancelled, after `first`."""
        if self._told is None:
            await self.first()
        if self._told is None:
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_saying(sink))
                async for payload in self._told:
                    self._take(payload, sink)
                    if self._unsaid >= _SAY:
                        with suppress(ConnectionError):  # it is told by the hellos
                            await self._say()
        finally:
            await self._bus.close()

    async def _say(self) -> int:
        self._unsaid = 0
        self._hello.got = {name: node.got for name, node in self._nodes.items()}
        self._hello.read = {
            name: Memory(node.started, node.next) for name, node in self._nodes.items()
        }
        return await self._bus.publish(listening.CHANNEL, msgspec.json.encode(self._hello))

    async def _keep_saying(self, sink: Sink) -> None:
        """Hello, again and again; what has become of Redis and nodes is told."""
        begun, away = time.monotonic(), False
        while True:
            try:
                self._expected = max(self._expected, await self._say())
                if away:
                    away = False
                    sink(_note("connected"))
            except ConnectionError as error:
                if not away:
                    away = True
                    sink(_note("lost", f"{error}; waiting for it"))
            now = time.monotonic()
            for name, node in self._nodes.items():
                if not away and node.there and now - node.heard > GONE:
                    node.there = False
                    sink(_note("lost", "the node says nothing any more; waiting for it", name))
            self._tell_history(sink, late=now - begun)
            await asyncio.sleep(listening.HELLO)

    def _take(self, payload: bytes, sink: Sink) -> None:
        text, _, rest = payload.partition(b"\n")
        try:
            head = listening.decode_head.decode(text)
        except msgspec.MsgspecError as error:
            sink(_note("unreadable", str(error)))
            return
        self._unsaid += len(rest)
        node = self._nodes.setdefault(head.node, _Node())
        if not node.there:
            sink(_note("connected", node=head.node))
        missed, node.there, node.heard = node.follow(head), True, time.monotonic()
        if missed:
            sink(_note("missed", node=head.node, data={"entries": missed}))
        for line in rest.splitlines(keepends=True):
            self._show(line, node, sink)
        node.next = head.next
        self._tell_history(sink)

    def _show(self, line: bytes, node: _Node, sink: Sink) -> None:
        try:
            place = _places.decode(line)
        except msgspec.MsgspecError:
            place = _Place()  # it is made a note of where it is shown
        if place.seq and place.seq < node.next:
            return  # told already
        wire = Wire(time.time(), 0, line, False)
        if self._history is None:
            sink(wire)
        else:  # what a node says of itself goes before what it holds
            self._history.append((place.at if place.seq else 0.0, wire))

    def _tell_history(self, sink: Sink, late: float = 0.0) -> None:
        """Once every node has told what it holds; the late ones are told of."""
        there = sum(node.caught_up for node in self._nodes.values())
        slow = late > (_LONGEST if len(self._nodes) >= self._expected else _PATIENCE)
        if self._history is None or (there < self._expected and not slow):
            return
        history, self._history = self._history, None
        for _, wire in sorted(history, key=lambda one: one[0]):
            sink(wire)
        if there < self._expected:
            text = f"{self._expected - there} of {self._expected} nodes have not told all yet"
            sink(_note("missed", text))
        self.caught_up.set()


class _Node:
    """How far one node's tap was read."""

    def __init__(self) -> None:
        self.started = 0.0
        self.next = 0
        self.got = 0
        self.caught_up = False
        self.there = True
        self.heard = 0.0

    def follow(self, head: Head) -> int:
        """Go on with a message; how many entries are missing before it."""
        self.got, self.caught_up = head.sent, self.caught_up or head.caught_up
        if head.started != self.started:  # first seen, or the app was started anew
            self.started, self.next = head.started, head.first
        return max(0, head.first - self.next)


class _Place(msgspec.Struct):
    """What of a line must be known to put it in order."""

    at: float = 0.0
    seq: int = 0


_places = msgspec.json.Decoder(_Place)


async def live(url: str) -> AsyncIterator[Item]:
    """What the nodes hold, then what happens, with RTP statistics. Raises SourceError."""
    items: asyncio.Queue[Item] = asyncio.Queue(_MOST_ITEMS)
    missed = 0

    def sink(entry: Wire | Item) -> None:
        nonlocal missed
        if (item := opened(entry)) is None:
            return
        if items.full():
            missed += 1
            return
        if missed:
            item, missed = _note("missed", data={"entries": missed + 1}), 0
        items.put_nowait(item)

    nodes = Nodes(url, statistics=True)
    await nodes.first()
    reading = asyncio.create_task(nodes.run(sink), name="taps")
    try:
        while True:
            yield await items.get()
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def held(url: str) -> list[Item]:
    """What the taps of all nodes hold now, in order of time. Raises SourceError."""

    async def take() -> list[Item]:
        entries: list[Wire | Item] = []
        nodes = Nodes(url)
        await nodes.first()
        reading = asyncio.create_task(nodes.run(entries.append), name="taps")
        try:
            await nodes.caught_up.wait()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return [item for entry in entries if (item := opened(entry)) is not None]

    return asyncio.run(take())


def _note(kind: str, error: str = "", node: str = "", data: object = None) -> Item:
    return Item(
        at=time.time(), source="tap", kind="note", type=kind, error=error, node=node, data=data
    )


def _without_password(url: str) -> str:
    found = urlsplit(url)
    return f"{found.hostname or ''}:{found.port or 6379}" if found.hostname else found.path
