"""What a verb may touch of the call it runs in."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from ari_app.call.background import Background
from ari_app.call.journal import Journal
from ari_app.call.leg import Leg
from ari_app.call.outcome import Fetch
from ari_app.call.ports import Conversation, Reply, Services, Sound
from ari_app.call.problems import Problems
from ari_app.call.progress import Progress
from ari_app.call.whole import whole
from ari_app.errors import TwilioError
from ari_app.model import Account, CallRecord, Checkpoint, Endpoint, HttpMethod
from ari_app.urls import safe

if TYPE_CHECKING:
    from ari_app.call.dial.child import Child, Family
    from ari_app.call.queue.line import Member


class CallContext:
    """The call as verbs see it: its leg, its record, its customer."""

    def __init__(
        self,
        services: Services,
        leg: Leg,
        journal: Journal,
        progress: Progress,
        problems: Problems,
        conversation: Conversation,
        account: Account,
        family: Family,
    ) -> None:
        self.services = services
        self.leg = leg
        self.journal = journal
        self.progress = progress
        self.problems = problems
        self.conversation = conversation
        self.account = account
        #: Who starts child calls.
        self.family = family
        #: What runs beside the verbs until the call ends.
        self.background = Background(leg, problems)
        #: URL and method of the running document; None when it came as text.
        self.document: Endpoint | None = None
        #: The running document when it is audio, not TwiML.
        self.audio: Reply | None = None
        #: The URL to be told when the caller hangs up inside the running verb.
        self.on_hangup: Fetch | None = None
        #: A stream of an earlier process that the next ``<Connect>`` goes on with; None as soon
        #: as it has been taken over.
        self.living_stream: str | None = None
        #: The caller's place in the queue in which ``<Enqueue>`` has him.
        self.member: Member | None = None
        #: Whether the call is being ended, so that a cancelled verb knows that none follows.
        self.ending = False
        #: The child that an earlier process has bridged with this call; as `living_stream`.
        self.living_child: Child | None = None
        #: The child that hung up on this call's Dial while no process looked; for the first verb.
        self.lost_child: CallRecord | None = None
        #: Whether a document inside a verb runs: the call's place is that verb then.
        self.is_nested = False

    def nested(self) -> Self:
        """Return the same call for a document inside a verb, with a place of its own."""
        inner = copy.copy(self)
        inner.document = inner.audio = inner.on_hangup = None
        inner.living_stream = inner.living_child = None
        inner.is_nested = True
        return inner

    @property
    def call_sid(self) -> str:
        """SID of the call."""
        return self.progress.record.sid

    @property
    def auth_token(self) -> str:
        """What the customer's requests are signed with."""
        return self.account.auth_token

    async def answer(self) -> None:
        """Answer the call unless it was answered; every verb with media begins so."""
        if not self.leg.answered and not self.leg.gone.done():
            await whole(self._answer())

    async def _answer(self) -> None:
        await self.leg.answer()
        self.progress.answered()

    def resolve(self, url: str) -> str:
        """Make ``url`` absolute against the running document.

        Raises TwilioError 15004 for a relative URL in a document that came by REST, and
        11100 for anything that is not http(s) (Twilio: TwiML, relative URLs).
        """
        try:
            if self.document is None and not urlsplit(url).scheme:
                raise TwilioError(15004, "relative URL in TwiML that has no URL of its own")
            absolute = urljoin(self.document.url, url) if self.document else url
            parts = urlsplit(absolute)
        except ValueError as error:
            raise TwilioError(11100, f"not a usable URL: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise TwilioError(11100, f"not a usable URL: {safe(absolute)!r}")
        if "_" in parts.hostname:
            raise TwilioError(11100, f"underscore in host name: {safe(absolute)!r}")
        return absolute

    async def sound(self, url: str) -> Sound:
        """Return the audio at ``url``, or what the webhook answered instead of a document.

        Raises TwilioError: 13420 not usable as audio, 11200 family when it cannot be had.
        """
        audio, answer = self.services.audio, self.audio
        if answer is None:
            return await audio.fetch(url)
        return await audio.keep(answer.body, answer.content_type or "", answer.url)

    def fetch(self, url: str, method: HttpMethod, **params: str) -> Fetch:
        """Return the document at ``url`` (relative allowed) as a source; raises as resolve()."""
        return Fetch(Endpoint(url=self.resolve(url), method=method), params)

    def checkpoint(self, text: str, verb: int) -> None:
        """Remember that verb number ``verb`` of the running document begins."""
        if self.is_nested:
            return
        document = self.document
        place = Checkpoint(
            url=document.url if document else "",
            method=document.method if document else "POST",
            document=text,
            verb=verb,
        )
        sid = self.call_sid
        self.journal.latest(lambda: self.services.calls.checkpoint(sid, place))

    def problem(self, error: TwilioError, *, url: str = "", method: str = "") -> None:
        """Report a failure that does not end the call."""
        self.problems.report(error.code, error.message, url=url, method=method)
