"""One queue: who waits in it and how his waiting ends (Twilio: <Enqueue>, Queue)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ari_app.call.context import CallContext
from ari_app.call.outcome import Fetch
from ari_app.errors import TwilioError
from ari_app.model import QueueMember, QueueRecord

QUEUE_FULL = 14207


@dataclass(slots=True)
class Handover:
    """A caller's way from the queue to whoever dialled it.

    ``whisper`` is run for the caller first. ``ready`` is set when he may be bridged, ``gone``
    when he is not there any more, ``over`` when the bridge has ended.
    """

    agent_sid: str
    whisper: Fetch | None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Redirected:
    """REST has given the caller another document."""

    source: Fetch


@dataclass(frozen=True, slots=True)
class Left:
    """``<Leave>`` has taken the caller out."""


Turn = Handover | Redirected | Left


class Member:
    """A caller in a queue; ``turn`` is done with what ends his waiting."""

    def __init__(self, ctx: CallContext, queue: Queue) -> None:
        self.ctx = ctx
        self.queue = queue
        self.enqueued = ctx.services.now()
        self.turn: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock()
        self._waited: int | None = None

    @property
    def waited(self) -> int:
        """Whole seconds in the queue."""
        return math.floor(self._clock() - self._since) if self._waited is None else self._waited

    def take(self, turn: Turn) -> None:
        """End the waiting with ``turn``; only the first counts."""
        self._waited = self.waited
        self.queue.remove(self)
        if not self.turn.done():
            self.turn.set_result(turn)

    def record(self) -> QueueMember:
        """Return how he stands."""
        record = self.queue.record
        return QueueMember(
            account_sid=record.account_sid,
            queue_sid=record.sid,
            call_sid=self.ctx.call_sid,
            position=self.queue.position(self),
            wait_time=self.waited,
            date_enqueued=self.enqueued,
        )

    def wait_params(self) -> dict[str, str]:
        """Return what a request for the wait document tells."""
        queue = self.queue
        return {
            "AvgQueueTime": str(queue.average_wait),
            "CurrentQueueSize": str(len(queue.members)),
            "MaxQueueSize": str(queue.record.max_size),
            "QueuePosition": str(queue.position(self)),
            "QueueSid": queue.record.sid,
            "QueueTime": str(self.waited),
        }

    def result_params(self, result: str) -> Mapping[str, str]:
        """Return what Enqueue's action is told of the end."""
        return {
            "QueueResult": result,
            "QueueSid": self.queue.record.sid,
            "QueueTime": str(self.waited),
        }


class Queue:
    """Callers in the order in which they came."""

    def __init__(self, record: QueueRecord, forget: Callable[[Queue], None]) -> None:
        """``forget`` is called when nobody waits in it or for it any more."""
        self.record = record
        self.members: list[Member] = []
        self._forget = forget
        self._agents = 0
        self._news = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Whether nobody waits, on either side."""
        return not self.members and not self._agents

    @property
    def average_wait(self) -> int:
        """Seconds that those who wait have waited on average."""
        waits = [member.waited for member in self.members]
        return round(sum(waits) / len(waits)) if waits else 0

    def enter(self, ctx: CallContext, most: int | None) -> Member:
        """Put a caller at the end; raises TwilioError 14207 when the queue is full.

        ``most`` may stand for the queue's own size.
        """
        size = most or self.record.max_size
        if len(self.members) >= size:
            raise TwilioError(QUEUE_FULL, f"{size} callers wait in {self.record.friendly_name!r}")
        member = Member(ctx, self)
        self.members.append(member)
        self._news.set()
        return member

    def remove(self, member: Member) -> None:
        """Take a caller out; one who is not there (any more) is what was wanted."""
        if member in self.members:
            self.members.remove(member)
        if self.idle:
            self._forget(self)

    def position(self, member: Member) -> int:
        """Return his place, 1 in front; 0 when he does not wait any more."""
        return self.members.index(member) + 1 if member in self.members else 0

    async def next(self) -> Member:
        """Wait for a caller and return the one in front; `Member.take` takes him out."""
        self._agents += 1
        try:
            while not self.members:
                self._news.clear()
                await self._news.wait()
            return self.members[0]
        finally:
            self._agents -= 1
            if self.idle:
                self._forget(self)
