"""What a node leaves behind that dies and does not come back: another one puts it in order.

Each node notes in SQL that it is there. One of which neither SQL nor the bus has heard for the
time of grace is given up: the first node to see it ends its calls in the books and takes over
the callbacks that it had still to send. A node that comes back finds that out, and ends those of
its calls that others have been told are over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

#: Most seconds between two looks.
EVERY = 5.0


class Taken(Protocol):
    """How much there was to do."""

    @property
    def calls(self) -> int:
        """Calls ended."""

    @property
    def callbacks(self) -> int:
        """Callbacks taken over."""


class Books(Protocol):
    """Nodes in SQL; anything may raise, for as long as SQL is away."""

    async def beat(self, node: str, /) -> bool:
        """Note that ``node`` is there; True when it was unknown."""

    async def silent(self, seconds: float, /) -> Sequence[str]:
        """Return the nodes that were last there longer ago than that."""

    async def settled(self, node: str, sids: Sequence[str], /) -> Sequence[str]:
        """Return those of a node's calls that another one has ended."""


class Others(Protocol):
    """Who is there by the bus."""

    @property
    def blind(self) -> bool:
        """Whether that cannot be known now."""

    def find(self, node: str, /) -> object | None:
        """Return how a node is, None for one that is away."""


class Takeover:
    """One node's part in it. ``grace`` in seconds.

    ``take`` ends the books of one node, None when that was not to be; ``running`` are the SIDs of
    this node's calls, and ``give_up`` ends some of them.
    """

    def __init__(
        self,
        node: str,
        grace: float,
        books: Books,
        others: Others,
        *,
        take: Callable[[str], Awaitable[Taken | None]],
        running: Callable[[], Sequence[str]],
        give_up: Callable[[Sequence[str]], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._grace = grace
        self._books = books
        self._others = others
        self._take = take
        self._running = running
        self._give_up = give_up
        self._clock = clock
        self._every = min(EVERY, grace / 4)
        #: Since when SQL and the bus have answered at every look; None: they have not.
        self._seeing: float | None = None

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:  # SQL is away; whatever it is, the next look may do
                if self._seeing is not None:
                    log.warning("takeover.blind", error=str(error))
                self._seeing = None
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Say that this node is there, and see to those that are not. Raises what SQL raises."""
        if await self._books.beat(self._node):
            await self._yield()
        if self._others.blind:
            self._seeing = None
            return
        now = self._clock()
        if self._seeing is None:
            self._seeing = now
        # Where SQL or the bus was away, all others look silent at first.
        if now - self._seeing < self._grace:
            return
        for node in await self._books.silent(self._grace):
            if node != self._node and self._others.find(node) is None:
                taken = await self._take(node)
                if taken is not None:
                    log.warning(
                        "node.taken_over", node=node, calls=taken.calls, callbacks=taken.callbacks
                    )

    async def _yield(self) -> None:
        """End what runs here although another node has told that it is over."""
        running = self._running()
        settled = await self._books.settled(self._node, running) if running else ()
        if settled:
            log.warning("node.was_taken_over", calls=len(settled))
            await self._give_up(settled)
