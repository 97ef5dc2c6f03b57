"""What must be done so that a gateway's nodes are those that live, with the places they have. Pure.

OpenSIPS counts a node's calls by itself. That counter knows nothing of calls that came to the
node another way, and it may drift (B-31: calls that never end for it, or a counter below zero,
which reads as four thousand million). So it is not trusted but corrected: a node that has
``calls`` of ``capacity`` gets ``capacity - (calls - counted)`` places, of which ``counted`` are
taken, and so exactly ``capacity - calls`` are free, whatever the counter says.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median_low

from ari_app.gateway.mi import Destination
from ari_app.gateway.tables import NodeRow

#: Announcements in a row of which the middle one counts: a call that OpenSIPS knows and the
#: node has not told yet is no drift.
STEADY = 3
#: Seconds without an announcement after which a node gets no new calls. Its key has lived for
#: ten seconds more than its last word.
GRACE = 5.0
#: A counter beyond this has been below zero (it is an unsigned number of 32 bits).
WRAPPED = 1 << 31

_SIP = re.compile(r"[0-9A-Za-z._\-\[\]:]{1,100}:[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Announced:
    """A node's last word. ``calls`` None: it does not tell. ``at`` differs with each word.

    Raises ValueError for what cannot become a row.
    """

    node: str
    sip: str
    capacity: int
    calls: int | None = None
    taking: bool = True
    at: float = 0.0

    def __post_init__(self) -> None:
        if not _SIP.fullmatch(self.sip) or not re.fullmatch(r"[\w.-]{1,63}", self.node):
            raise ValueError(f"not a node: {self.node!r} at {self.sip!r}")
        if not 0 <= self.capacity <= 100_000 or not 0 <= (self.calls or 0) <= 1_000_000:
            raise ValueError(f"{self.node}: {self.calls} calls of {self.capacity}")

    @property
    def uri(self) -> str:
        """URI that its row has."""
        return f"sip:{self.sip}"


@dataclass(frozen=True, slots=True)
class AddRow:
    """Make a row."""

    row: NodeRow


@dataclass(frozen=True, slots=True)
class RemoveRow:
    """Remove a row; ``why`` is for the log."""

    row: NodeRow
    why: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Have OpenSIPS read the table again."""


@dataclass(frozen=True, slots=True)
class Resize:
    """Set a node's places."""

    id: int
    node: str
    places: int


@dataclass(frozen=True, slots=True)
class Switch:
    """Give a node new calls, or none."""

    id: int
    node: str
    enabled: bool
    why: str


Command = AddRow | RemoveRow | Reload | Resize | Switch


@dataclass(slots=True)
class _Memory:
    """What is remembered of a row."""

    seen: float
    #: It took calls at the last look.
    took: bool = False
    at: float = -1.0
    excess: deque[int] = field(default_factory=lambda: deque(maxlen=STEADY))


class Keeper:
    """Decides, and remembers what it needs for that; no clock, no socket.

    ``forget`` is the seconds after which a silent node without calls loses its row.
    """

    def __init__(self, group: int = 1, forget: float = 300.0) -> None:
        self._group = group
        self._forget = forget
        self._memory: dict[str, _Memory] = {}

    @property
    def drift(self) -> dict[str, int]:
        """Calls that a node has beyond OpenSIPS's counter, by URI; below zero: ghosts."""
        found = {uri: _steady(memory) for uri, memory in self._memory.items()}
        return {uri: excess for uri, excess in found.items() if excess}

    def decide(
        self,
        now: float,
        announced: Sequence[Announced] | None,
        rows: Sequence[NodeRow],
        listed: Iterable[Destination],
    ) -> list[Command]:
        """Return what is to be done, in order.

        ``now`` is in seconds of any clock that never goes back, ``announced`` None when Redis
        does not answer: then nobody is taken for dead. Rows of other groups are left alone.
        """
        ours = [row for row in rows if row.group == self._group]
        alive = {one.uri: one for one in announced or ()}
        live = {one.id: one for one in listed if one.group == self._group}
        for uri in {row.uri for row in ours} | set(alive):
            memory = self._memory.setdefault(uri, _Memory(now))
            if announced is None or uri in alive:
                memory.seen = now
        commands = self._rows(now, alive, ours, live)
        removed = {command.row.id for command in commands if isinstance(command, RemoveRow)}
        for row in {row.uri: row for row in reversed(ours)}.values():
            if row.id in live and row.id not in removed:
                commands += self._node(now, alive.get(row.uri), row, live[row.id])
        known = {row.uri for row in ours} | set(alive)
        self._memory = {uri: kept for uri, kept in self._memory.items() if uri in known}
        return commands

    def _rows(
        self,
        now: float,
        alive: dict[str, Announced],
        ours: Sequence[NodeRow],
        live: dict[int, Destination],
    ) -> list[Command]:
        """Rows that are missing, double, forgotten, or whose counter has gone below zero."""
        commands: list[Command] = []
        first: dict[str, NodeRow] = {}
        for row in ours:
            if row.uri in first:
                commands.append(RemoveRow(row, "double"))
                continue
            first[row.uri] = row
            counted = live[row.id].load if row.id in live else 0
            silent = now - self._memory[row.uri].seen
            no_calls = counted == 0 or counted >= WRAPPED
            if row.uri not in alive and silent >= self._forget and no_calls:
                commands.append(RemoveRow(row, "forgotten"))
            elif counted >= WRAPPED:
                commands += [RemoveRow(row, "counter below zero"), AddRow(replace(row, id=0))]
                self._memory[row.uri].excess.clear()
        for uri, one in alive.items():
            if uri not in first:
                row = NodeRow(0, uri, one.capacity, one.node, self._group)
                commands.append(AddRow(row))
        if commands or {row.id for row in ours} != set(live):
            commands.append(Reload())
        return commands

    def _node(
        self, now: float, one: Announced | None, row: NodeRow, live: Destination
    ) -> list[Command]:
        """A living row: does the node take calls, and how many."""
        memory = self._memory[row.uri]
        commands: list[Command] = []
        if one is None:
            if now - memory.seen >= GRACE:
                memory.took = False
                if not live.held:
                    commands.append(Switch(row.id, row.node, False, "announces nothing"))
            return commands
        takes = one.taking and not row.drained
        # One that begins to take calls may have failed a probe while it started; the next probe
        # is too far away for the calls that come now.
        begins, memory.took = takes and not memory.took, takes
        if takes and (live.held or (begins and not live.enabled)):
            commands.append(Switch(row.id, row.node, True, "takes calls"))
        elif not takes and not live.held:
            why = "drained" if row.drained else "draining or not healthy"
            commands.append(Switch(row.id, row.node, False, why))
        if one.calls is not None and one.at != memory.at and live.load < WRAPPED:
            memory.at = one.at
            memory.excess.append(one.calls - live.load)
        places = max(0, one.capacity - _steady(memory))
        if places != live.max and live.load < WRAPPED:
            commands.append(Resize(row.id, row.node, places))
        return commands


def _steady(memory: _Memory) -> int:
    """Return by how much the node's calls exceed the counter, for some time now."""
    return median_low(memory.excess) if len(memory.excess) == STEADY else 0
