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
from typing import Protocol, TypeVar

import structlog

from ari_app.errors import StoreUnavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: Most seconds between two looks.
EVERY = 5.0
#: Seconds after which a question to SQL that has no answer counts as none.
PATIENCE = 5.0


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


class Named(Protocol):
    """A node that the bus hears."""

    @property
    def node(self) -> str:
        """Its name."""


class Others(Protocol):
    """Who is there by the bus."""

    @property
    def blind(self) -> bool:
        """Whether that cannot be known now."""

    @property
    def nodes(self) -> Sequence[Named]:
        """Nodes that are there."""


class Takeover:
    """One node's part in it. ``grace`` in seconds; 0: say that this node is there, take nobody.

    ``take`` ends the books of one node, None when that was not to be; ``running`` are the SIDs of
    this node's calls, and ``give_up`` ends some of them. ``patience``: seconds for each question
    to SQL.
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
        patience: float = PATIENCE,
    ) -> None:
        self._node = node
        self._grace = grace
        self._books = books
        self._others = others
        self._take = take
        self._running = running
        self._give_up = give_up
        self._clock = clock
        self._patience = patience
        self._every = min(EVERY, grace / 4) if grace else EVERY
        #: Since when SQL and the bus have answered at every look; None: they have not.
        self._seeing: float | None = None
        #: When the bus last heard a node, for as long as that matters.
        self._heard: dict[str, float] = {}
        #: When the last look ended.
        self._looked: float | None = None
        #: Whether others may have told that calls are over which run here; at first nobody knows.
        self._returned = True
        self._failed: set[str] = set()
        self._troubled = False

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
                self._troubled = False
            except Exception as error:  # SQL is away; whatever it is, the next look may do
                if not self._troubled:
                    log.warning("takeover.blind", error=str(error) or repr(error))
                self._troubled = True
                self._seeing = None
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Say that this node is there, and see to those that are not.

        Raises what SQL raises, and TimeoutError when it does not answer.
        """
        try:
            if self._looked is not None and self._clock() - self._looked > 3 * self._every:
                self._seeing = None  # the process stood still, and heard nobody
            await self._beat()
            if self._grace:
                await self._see_to_others()
        finally:
            self._looked = self._clock()

    async def _beat(self) -> None:
        returned, self._returned = self._returned, True  # an answer may be lost on its way
        self._returned = await self._answer(self._books.beat(self._node)) or returned
        if self._returned:
            await self._yield()
            self._returned = False

    async def _answer(self, question: Awaitable[T]) -> T:
        asked = self._clock()
        async with asyncio.timeout(self._patience):
            answer = await question
        if self._clock() - asked > self._patience:  # the process stood still, and heard nobody
            raise TimeoutError
        return answer

    async def _see_to_others(self) -> None:
        if not self._hear():
            return
        for node in await self._answer(self._books.silent(self._grace)):
            # Asked anew for each: the one before may have taken long.
            if node == self._node or not self._hear() or not self._is_over(node):
                continue
            try:
                taken = await self._take(node)
            except StoreUnavailable:
                raise
            except Exception:  # what one has left must not keep the others from being seen to
                if node not in self._failed:
                    log.exception("takeover.failed", node=node)
                self._failed.add(node)
                continue
            self._failed.discard(node)
            if taken is not None:
                log.warning(
                    "node.taken_over", node=node, calls=taken.calls, callbacks=taken.callbacks
                )

    def _hear(self) -> bool:
        """Note whom the bus hears; False when that cannot be known."""
        if self._others.blind:
            self._seeing = None
            return False
        now = self._clock()
        if self._seeing is None:
            self._seeing = now
        self._heard = {node: at for node, at in self._heard.items() if now - at < self._grace}
        self._heard |= {other.node: now for other in self._others.nodes}
        return True

    def _is_over(self, node: str) -> bool:
        """Tell whether the bus, listened to all the while, has not heard it for the grace.

        Where SQL or the bus was away, all others look silent at first.
        """
        if self._seeing is None:
            return False
        return self._clock() - max(self._heard.get(node, 0), self._seeing) >= self._grace

    async def _yield(self) -> None:
        """End what runs here although another node has told that it is over."""
        running = self._running()
        if not running:
            return
        settled = await self._answer(self._books.settled(self._node, running))
        if settled:
            log.warning("node.was_taken_over", calls=len(settled))
            await self._give_up(settled)
