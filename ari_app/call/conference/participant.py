"""One call in a conference: where it is, and what is asked of it meanwhile.

A participant waits, is held, or talks. Whatever changes (the conference starts or ends, REST
holds or coaches him) wakes him; he then leaves the place where he was and goes to the next.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import msgspec
import structlog

from ari_app.ari.errors import AriError
from ari_app.ari.events import ChannelTalkingFinished, ChannelTalkingStarted, Event
from ari_app.call.conference.announce import announcement
from ari_app.call.conference.coach import coaching
from ari_app.call.conference.room import Conference
from ari_app.call.context import CallContext
from ari_app.call.outcome import Fetch
from ari_app.call.waiting import Music, forever, listen
from ari_app.call.whole import whole
from ari_app.model import Endpoint, ParticipantRecord

log = structlog.get_logger(__name__)

INTERNAL_ERROR = 12400
COACHED_ABSENT = 16028
COACHED_HELD = 16027
#: Seconds that the news of a hang-up may come after the failures it causes.
GONE_SECONDS = 0.5


class Place(NamedTuple):
    """Where a participant is: ``out``, ``wait``, ``hold`` or ``talk``, and what goes with it."""

    name: str
    #: The call that he coaches there, NOBODY, or the hold music's number.
    detail: str = ""


OUT = Place("out")
#: Whom a coach talks to whose call is not there: he hears the room, and is heard by nobody.
NOBODY = "nobody"


class Participant:
    """A call's stay in a conference."""

    def __init__(
        self,
        ctx: CallContext,
        conference: Conference,
        record: ParticipantRecord,
        music: Music,
        *,
        beep: str = "true",
        star_leaves: bool = False,
    ) -> None:
        """``music`` is for waiting; ``beep`` is Twilio's word; ``*`` leaves if ``star_leaves``."""
        self.ctx = ctx
        self.conference = conference
        self.record = record
        self.beep = beep
        self.kicked = False
        self._music = music
        self._hold_music = Music(None)
        self._holds = self._waits = 0
        self._star_leaves = star_leaves
        self._out = False
        #: None: an earlier process may have muted the channel.
        self._muted: bool | None = None if ctx.leg.channel_id in conference.left else False
        self._beeped = self._muted is None
        #: Why nobody is coached, once that was told.
        self._trouble = 0
        self._detects = False
        self._news = asyncio.Event()

    @property
    def channel_id(self) -> str:
        """The call's channel."""
        return self.ctx.leg.channel_id

    @property
    def talking(self) -> bool:
        """Whether he is in the room's mix."""
        return self._place().name == "talk"

    def look(self) -> None:
        """Have him see what has changed."""
        self._news.set()

    async def stay(self) -> None:
        """Be in the conference until it or he is out of it; cleans up when cancelled."""
        leg = self.ctx.leg
        unlisten = leg.listen(self._on_key)
        route = leg.ari.route(self.channel_id, self._on_event)
        try:
            if self.conference.events.wants("speaker"):
                self._detects = True
                await self._detect("set")
            while (place := self._place()) != OUT:
                await self._be(place)
        finally:
            unlisten()
            route.close()
            await whole(self._undo())

    def kick(self) -> None:
        """Put him out; his call goes on with its document."""
        self.kicked = self._out = True
        self.look()

    async def mute(self, muted: bool) -> None:
        """Let the room hear him no more, or again; raises AriError."""
        if muted == self.record.muted:
            return
        self._change(muted=muted)
        await self._apply_mute()
        self.conference.tell("participant-mute" if muted else "participant-unmute", self)

    def hold(self, held: bool, music: Endpoint | None = None) -> None:
        """Let him hear hold music instead of the room, or the room again."""
        if held and music is not None:
            self._hold_music = Music(Fetch(music))
            self._holds += 1
        if held != self.record.hold:
            self._change(hold=held)
            self.conference.tell("participant-hold" if held else "participant-unhold", self)
        self.conference.look()

    def set_wait_music(self, music: Endpoint) -> None:
        """Let him hear this, at once when he waits."""
        self._music = Music(Fetch(music))
        self._waits += 1
        self.look()

    def set_coaching(self, coach: bool, call_sid: str | None) -> None:
        """Let only the call ``call_sid`` hear him, or everybody; None leaves whom he coaches."""
        target = call_sid or self.record.call_sid_to_coach
        self._change(coaching=coach and target is not None, call_sid_to_coach=target)
        self.conference.tell("participant-modify", self)
        self.conference.look()

    def set_end_on_exit(self, ends: bool) -> None:
        """Say whether his leaving ends the conference."""
        self._change(end_conference_on_exit=ends)
        self.conference.tell("participant-modify", self)

    def set_beep_on_exit(self, beeps: bool) -> None:
        """Say whether the others hear a beep when he goes."""
        enters = self.beep in ("true", "onEnter")
        words = {(True, True): "true", (True, False): "onEnter", (False, True): "onExit"}
        self.beep = words.get((enters, beeps), "false")

    def announce(self, source: Endpoint) -> bool:
        """Let him alone hear a document or audio; the end is told.

        False when too much is announced in this conference already.
        """
        return self.conference.sound(announcement(self.conference, self.ctx, source, self))

    # ---- places

    def _place(self) -> Place:
        if self._out or self.conference.over:
            return OUT
        if self.record.hold:
            return Place("hold", str(self._holds))
        if not self.conference.started:
            return Place("wait", str(self._waits))
        return Place("talk", self._coached() if self.record.coaching else "")

    def _coached(self) -> str:
        """Return the call that alone hears him now."""
        other = self.conference.participants.get(self.record.call_sid_to_coach or "")
        if other is None or other is self or other.record.coaching or not other.talking:
            code = COACHED_HELD if other else COACHED_ABSENT
            if self._trouble != code:
                who = self.record.call_sid_to_coach
                self.ctx.problems.report(code, f"{who}, who is to be coached, cannot hear it")
            self._trouble = code
            return NOBODY
        self._trouble = 0
        return other.record.call_sid

    async def _be(self, place: Place) -> None:
        """Be at ``place`` until there is another one for him."""
        match place.name:
            case "wait":
                work = listen(self.ctx, self._music)
            case "hold":
                work = listen(self.ctx, self._hold_music)
            case _:
                work = self._talk(place.detail)
        task = asyncio.create_task(work)
        try:
            while self._place() == place and not task.done():
                self._news.clear()
                news = asyncio.create_task(self._news.wait())
                try:
                    await asyncio.wait({task, news}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    news.cancel()
        finally:
            task.cancel()
            await whole(_ended(task))
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._place() == place or not isinstance(error, AriError):
            raise error
        log.info("participant.moved", call_sid=self.record.call_sid, error=str(error))

    async def _talk(self, coached: str) -> None:
        """Be in the mix, or with the call ``coached`` alone."""
        await self._apply_mute()
        other = self.conference.participants.get(coached)
        if other is not None:
            await self._coach(other)
        conference = self.conference
        bridge = await conference.bridge()
        try:
            if self.channel_id in conference.left and not coached:
                conference.left.discard(self.channel_id)  # it is there already
            else:
                # Seen through when cancelled: from here on he may be in.
                await bridge.add(self.channel_id, mute=coached == NOBODY)
            if not self._beeped and self.beep in ("true", "onEnter"):
                conference.beep("onEnter")
            self._beeped = True
            await forever()
        finally:
            if not self.ctx.leg.gone.done():
                await bridge.remove(self.channel_id)

    async def _coach(self, other: Participant) -> None:
        """Be heard by ``other`` alone. If Asterisk will not do it, hear nothing and say nothing."""
        try:
            async with coaching(self.ctx, other.ctx.leg):
                await forever()
        except (AriError, TimeoutError) as error:
            # Whoever has just hung up cannot be coached: that he has gone is told in a moment.
            if not await other.ctx.leg.gone_within(GONE_SECONDS):
                self.ctx.problems.report(INTERNAL_ERROR, f"Asterisk refused to coach: {error}")
            await forever()

    async def _apply_mute(self) -> None:
        """Make the channel as mute as the record says, once he talks."""
        wanted = self.record.muted
        if wanted == self._muted or (wanted and not self.talking):
            return
        channels = self.ctx.leg.ari.channels
        request = channels.mute if wanted else channels.unmute
        await whole(request(channel_id=self.channel_id, direction="in"))
        self._muted = wanted

    async def _undo(self) -> None:
        """Let whatever the call does next hear him again, and tell no more who talks."""
        leg = self.ctx.leg
        try:
            if self._muted is not False and not leg.gone.done():
                await leg.ari.channels.unmute(channel_id=self.channel_id, direction="in")
            if self._detects and not leg.gone.done():
                await self._detect("remove")
        except AriError as error:
            log.info("participant.not_undone", channel_id=self.channel_id, error=str(error))

    async def _detect(self, what: str) -> None:
        """Have Asterisk tell when he begins and ends to talk (``set``), or not (``remove``)."""
        await self.ctx.leg.ari.channels.set_channel_var(
            channel_id=self.channel_id, variable=f"TALK_DETECT({what})", value=""
        )

    # ---- what happens

    def _change(self, **changes: Any) -> None:
        now = self.ctx.services.now()
        self.record = msgspec.structs.replace(self.record, date_updated=now, **changes)

    def _on_key(self, key: str) -> None:
        if key == "*" and self._star_leaves:
            self._out = True
            self.look()

    def _on_event(self, event: Event) -> None:
        match event:
            case ChannelTalkingStarted():
                self.conference.tell("participant-speech-start", self)
            case ChannelTalkingFinished():
                self.conference.tell("participant-speech-stop", self)
            case _:
                pass


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait({task})
