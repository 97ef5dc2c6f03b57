"""A leg that a call dials: a call of its own, and what its parent sees of it.

Twilio: ``<Dial>``, child calls. The child's `Call` runs `Child.run` in the place of a document:
it hears the whisper document, then waits in the parent's bridge. A REST update takes it out of
there like any verb; the parent is told (`over`) and lets it go before its new document begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ari_app.call.context import CallContext
from ari_app.call.dial.credentials import Credentials
from ari_app.call.dialing import Dialing
from ari_app.call.documents import DocumentError
from ari_app.call.leg import Leg
from ari_app.call.nested import run_nested
from ari_app.call.outcome import End, Fetch
from ari_app.call.sip import is_sip
from ari_app.call.sip_headers import answer_headers
from ari_app.model import CallRecord, CallStatus, MachineDetection, StatusCallback
from twiml import Gather, Hangup, Pause, Play, Redirect, Say, Verb

if TYPE_CHECKING:
    from ari_app.call.call import Call

#: What a callee's document may do before the bridge (Twilio: Number, ``url``).
WHISPER_VERBS: tuple[type[Verb], ...] = (Gather, Hangup, Pause, Play, Redirect, Say)
#: Twilio: Dial within a Dial callback URL.
NESTED_DIAL = 13201


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to call and how: ``to`` and ``from_`` as records show them, ``endpoint`` as Asterisk
    dials it; ``ring_seconds`` and ``time_limit`` in seconds.
    """

    to: str
    from_: str
    endpoint: str
    ring_seconds: int = 30
    time_limit: int = 14_400
    send_digits: str = ""
    credentials: Credentials | None = None
    #: Headers of the INVITE.
    headers: Mapping[str, str] = field(default_factory=dict)
    whisper: Fetch | None = None
    status_callback: StatusCallback | None = None
    #: Whether the caller is to hear what the callee sends before he answers.
    early: bool = False
    detection: MachineDetection | None = None


class Child:
    """One dialled leg. Its parent awaits it, joins it and ends it."""

    def __init__(self, whisper: Fetch | None = None) -> None:
        self.call: Call
        self._whisper = whisper
        #: The callee picked up.
        self.answered = asyncio.Event()
        #: It has heard the whisper and may be joined.
        self.ready = asyncio.Event()
        #: It is not the parent's any more: ending, or about to run a document of its own.
        self.over = asyncio.Event()
        #: REST gave it a document of its own: it goes on without its parent.
        self.parted = asyncio.Event()
        #: X- headers of a SIP callee's answer.
        self.sip_headers: Mapping[str, str] = {}
        self._apart = asyncio.Event()
        self._apart.set()

    @classmethod
    def adopted(cls) -> Child:
        """Return one that an earlier process has joined with its parent."""
        child = cls()
        child.answered.set()
        child._apart.clear()
        return child

    @property
    def record(self) -> CallRecord:
        """The child call as it is now."""
        return self.call.record

    @property
    def leg(self) -> Leg:
        """The callee's leg."""
        return self.call.leg

    @property
    def whispers(self) -> bool:
        """Whether the callee hears a document before he is joined."""
        return self._whisper is not None

    async def until(self, event: asyncio.Event) -> bool:
        """Wait for ``event`` (one of ours); False when the child is over before it."""
        waiting = [asyncio.ensure_future(one.wait()) for one in (event, self.over)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        return event.is_set() and (event is self.over or not self.over.is_set())

    @contextmanager
    def joined(self) -> Iterator[None]:
        """While the child is in a bridge of the parent's: it does nothing else meanwhile."""
        self._apart.clear()
        try:
            yield
        finally:
            self._apart.set()

    async def end(self, status: CallStatus = CallStatus.CANCELED) -> CallRecord:
        """End the child, as ``status`` when it was not answered; never while it is `joined`.

        Returns its record when it has ended, or has parted: such a child goes on.
        """
        if not self.over.is_set():
            return await self.call.end(status)
        parted = asyncio.ensure_future(self.parted.wait())
        try:
            either: set[asyncio.Future[Any]] = {parted, self.call.ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            parted.cancel()
        return self.record

    async def run(self, ctx: CallContext) -> End:
        """What the child does instead of a document, from its answer on."""
        try:
            if is_sip(self.record.to):
                self.sip_headers = await answer_headers(ctx.leg)
            if self._whisper is not None and not await self._heard(ctx, self._whisper):
                return End()
            self.ready.set()
            # Until the parent ends it, its time is over, or it is given another document.
            await asyncio.get_running_loop().create_future()
            return End()
        finally:
            self.over.set()
            await self._apart.wait()

    async def _heard(self, ctx: CallContext, whisper: Fetch) -> bool:
        """Run the whisper document; whether the child is to be joined."""
        try:
            outcome = await run_nested(ctx, whisper, WHISPER_VERBS, codes={"Dial": NESTED_DIAL})
        except DocumentError:
            return True
        return not isinstance(outcome, End)


class Family(Protocol):
    """Who starts child calls: the manager of all calls."""

    def dial(self, parent: CallContext, plan: Plan) -> Child:
        """Start a child call of the account and call of ``parent``."""


def dialing_of(plan: Plan, record: CallRecord, app: str, codec: str) -> Dialing:
    """Return how Asterisk dials ``plan`` as the call ``record``, the parent's codec first."""
    own = {"X-Twilio-AccountSid": record.account_sid, "X-Twilio-CallSid": record.sid}
    return Dialing(
        app=app,
        endpoint=plan.endpoint,
        caller_id=plan.from_,
        ring_seconds=plan.ring_seconds,
        send_digits=plan.send_digits,
        headers=own | dict(plan.headers) if is_sip(plan.to) else plan.headers,
        codec=codec,
        credentials=plan.credentials,
        early=plan.early,
    )
