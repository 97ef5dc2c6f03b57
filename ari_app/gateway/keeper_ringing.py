"""Callers of a node that dies while it rings: they get an answer within seconds.

OpenSIPS alone would let them hear ringing until the longest ringing is over, since no other node
may be tried: it would run the customer's document again. A node is dead when it is missing on
Redis *and* answers OPTIONS no more, several times in a row: an app that is only restarted leaves
Asterisk, and with it the calls, alive.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog

from ari_app.gateway.errors import GatewayError
from ari_app.gateway.keeper import Announced
from ari_app.gateway.mi import Ringing
from ari_app.gateway.tables import NodeRow

log = structlog.get_logger(__name__)

#: Seconds between two looks.
EVERY = 2.0
#: OPTIONS in a row that a node must leave unanswered.
TRIES = 3
#: Seconds after which a missing node without ringing calls is looked at no more: it gets no new
#: ones (keeper).
ENOUGH = 30.0


class Nodes(Protocol):
    """The table of nodes."""

    async def nodes(self) -> Sequence[NodeRow]:
        """Return its rows."""
        ...


class Source(Protocol):
    """Where living nodes are known from."""

    async def read(self) -> Sequence[Announced]:
        """Return the living nodes; raises OSError when that cannot be known now."""
        ...


class Calls(Protocol):
    """OpenSIPS's calls."""

    async def ringing(self) -> Sequence[Ringing]:
        """Return the calls that nodes have and have not answered. Raises MiError."""
        ...


class Wire(Protocol):
    """SIP. Anything raises ValueError for what has no address, and OSError."""

    async def answers(self, uri: str, /) -> bool:
        """Whether a node answers OPTIONS."""
        ...

    async def time_out(self, call: Ringing, /) -> None:
        """End a ringing call as if its node had timed out."""
        ...


class RingingCalls:
    """Answers the callers of dead nodes. ``always`` are nodes that announce nothing."""

    def __init__(
        self,
        source: Source,
        nodes: Nodes,
        calls: Calls,
        wire: Wire,
        always: Iterable[Announced] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._nodes = nodes
        self._calls = calls
        self._wire = wire
        self._always = {one.uri for one in always}
        self._clock = clock
        #: Since when a node is missing, and how often it has left OPTIONS unanswered.
        self._missing: dict[str, float] = {}
        self._unanswered: dict[str, int] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled. Who is in trouble is told by the upkeep."""
        while True:
            try:
                await self.look()
            except (GatewayError, OSError, ValueError) as error:
                log.debug("gateway.ringing_unknown", error=str(error))
            except Exception:  # whatever it is, the next look may do
                log.exception("gateway.ringing_failed")
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Answer the callers of dead nodes, once. Raises GatewayError, OSError."""
        suspects = await self._suspects()
        if not suspects:
            return
        calls: dict[str, list[Ringing]] = {uri: [] for uri in suspects}
        for call in await self._calls.ringing():
            if call.node in calls:
                calls[call.node].append(call)
        await asyncio.gather(*(self._see_to(uri, found) for uri, found in calls.items() if found))

    async def _suspects(self) -> list[str]:
        """Return the nodes that are missing, but for those missing for long."""
        there = self._always | {one.uri for one in await self._source.read()}
        now = self._clock()
        gone = {row.uri for row in await self._nodes.nodes()} - there
        self._missing = {uri: self._missing.get(uri, now) for uri in gone}
        self._unanswered = {uri: n for uri, n in self._unanswered.items() if uri in gone}
        return [uri for uri, since in self._missing.items() if now - since < ENOUGH]

    async def _see_to(self, uri: str, calls: Sequence[Ringing]) -> None:
        if await self._wire.answers(uri):
            self._unanswered[uri] = 0
            return
        tries = self._unanswered[uri] = self._unanswered.get(uri, 0) + 1
        if tries < TRIES:
            return
        log.warning("gateway.node_died", uri=uri, ringing=len(calls))
        await asyncio.gather(*(self._wire.time_out(call) for call in calls))
