"""One conference: who is in it, the bridge that mixes them, how it begins and ends.

Twilio: ``<Conference>``. Two participants, one of them with ``startConferenceOnEnter``, start
it; until then each of them waits by himself. One mixing bridge carries all who talk: Asterisk
mixes three and more, and passes the frames of two through unchanged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from ari_app.ari.errors import AriError
from ari_app.call.bridge import Bridge
from ari_app.call.conference.announce import announcement
from ari_app.call.conference.events import Events
from ari_app.call.journal import Journal
from ari_app.call.ports import ConferenceStore, Services
from ari_app.call.recordings.recorder import RecordingOptions
from ari_app.call.whole import whole
from ari_app.errors import TwilioError
from ari_app.model import CallStatus, ConferenceRecord, Endpoint, ParticipantRecord

if TYPE_CHECKING:
    from ari_app.call.conference.participant import Participant

log = structlog.get_logger(__name__)

CONFERENCE_FULL = 16020
LABEL_TAKEN = 16025
#: Beeps and announcements that may sound in one room at a time.
MAX_SOUNDS = 20


def bridge_id(conference_sid: str) -> str:
    """Return the id of a conference's bridge."""
    return f"{conference_sid}-room"


class Conference:
    """A room. What changes is told to its participants, each of whom acts for himself."""

    def __init__(
        self,
        services: Services,
        store: ConferenceStore,
        record: ConferenceRecord,
        *,
        forget: Callable[[Conference], None],
        left: Collection[str] | None = None,
    ) -> None:
        """``left`` are the channels in the bridge that an earlier process has made for it.

        ``forget`` is called when the conference is over and everybody out.
        """
        self.record = record
        self.participants: dict[str, Participant] = {}
        #: Whom REST has called in and who may not have joined yet, by the SID of the call.
        self.called: dict[str, ParticipantRecord] = {}
        self.services = services
        self.journal = Journal(record.sid)
        self.events = Events(services, self.journal)
        #: How the room is recorded from its start on; None: not at all.
        self.recording: RecordingOptions | None = None
        #: Channels in the bridge that were put there by an earlier process.
        self.left = set(left or ())
        self.started = len(self.left) > 1
        self._is_made = left is not None
        self._forget = forget
        self._store = store
        self._bridge: Bridge | None = None
        self._making = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._sounds: set[asyncio.Task[None]] = set()
        self._ending: Participant | None = None
        self._is_released = False

    @property
    def over(self) -> bool:
        """Whether it has ended: who is still in it is leaving."""
        return self.record.status == "completed"

    def would_wait(self, starts: bool) -> bool:
        """Whether one more participant, who ``starts`` it or not, would have to wait."""
        others = list(self.participants.values())
        return not self.started and not (
            others and (starts or any(one.record.start_conference_on_enter for one in others))
        )

    def expects(self, channel_id: str) -> bool:
        """Whether the call may say where events are told: the first, or one who comes back."""
        return not self.participants or channel_id in self.left

    def enter(self, participant: Participant, most: int) -> None:
        """Take a participant in.

        Raises TwilioError 16020 when ``most`` are in it already, 16025 when another one has
        the same label.
        """
        if len(self.participants) >= most:
            raise TwilioError(CONFERENCE_FULL, f"{most} participants are in the conference")
        label = participant.record.label
        if label and any(one.record.label == label for one in self.participants.values()):
            raise TwilioError(LABEL_TAKEN, f"another participant is called {label!r}")
        begins = not self.would_wait(participant.record.start_conference_on_enter)
        self.participants[participant.record.call_sid] = participant
        self.called.pop(participant.record.call_sid, None)
        if participant.channel_id not in self.left:
            self.tell("participant-join", participant)
        if begins and not self.started:
            self.started = True
            log.info("conference.started", conference_sid=self.record.sid)
            self.tell("conference-start")
        self.look()

    async def leave(self, participant: Participant) -> None:
        """Let a participant go; the last one, or one who ends it, ends the conference."""
        del self.participants[participant.record.call_sid]
        self.left.discard(participant.channel_id)
        status = CallStatus.COMPLETED if participant.ctx.leg.gone.done() else CallStatus.IN_PROGRESS
        self.tell("participant-leave", participant, ParticipantCallStatus=str(status))
        self.look()
        how = "kicked" if participant.kicked else "left"
        if participant.record.end_conference_on_exit:
            self.end(f"participant-with-end-conference-on-exit-{how}", participant)
        elif not self.participants and not self.left:
            self.end(f"last-participant-{how}", participant)
        if self.over and not self.participants:
            await whole(self._release())

    def end(self, reason: str, by: Participant | None = None) -> None:
        """End the conference; its participants leave and go on with their documents."""
        if self.over:
            return
        changes: dict[str, Any] = {
            "status": "completed",
            "reason_conference_ended": reason,
            "call_sid_ending_conference": by.record.call_sid if by else None,
            "date_updated": self.services.now(),
        }
        log.info("conference.ended", conference_sid=self.record.sid, reason=reason)
        self.record = msgspec.structs.replace(self.record, **changes)
        self._ending = by
        sid = self.record.sid
        self.journal.later(lambda: self._store.update(sid, **changes))
        self.look()

    def look(self) -> None:
        """Have everybody see what has changed."""
        for one in self.participants.values():
            one.look()

    async def close_if_empty(self) -> None:
        """End a conference in which nobody is; whoever has not come back will not."""
        self.left.clear()
        if not self.participants:
            self.end("last-participant-left")
            await whole(self._release())

    def remember(self) -> None:
        """Have the new conference remembered."""
        record = self.record
        self.journal.later(lambda: self._store.insert(record))

    def tell(self, event: str, participant: Participant | None = None, **extra: str) -> None:
        """Tell the customer of an event."""
        self.events.tell(self.record, event, participant.record if participant else None, **extra)

    async def bridge(self) -> Bridge:
        """Return the room's bridge, made when it is first needed; raises AriError."""
        async with self._making:
            if self._bridge is None:
                bridges, name = self.services.bridges, bridge_id(self.record.sid)
                make = bridges.adopted if self._is_made else bridges.mixing
                self._bridge = await self._stack.enter_async_context(make(self.services.ari, name))
                await self._record(name)
            return self._bridge

    def beep(self, word: str) -> None:
        """Let all who talk hear that somebody comes (``onEnter``) or goes (``onExit``)."""
        if self.started and not self.over and len(self.participants) > 1 - (word == "onExit"):
            self.sound(self._beep(word))

    def announce(self, source: Endpoint) -> bool:
        """Let all who talk hear a document or audio; False when there is too much of it."""
        for one in self.participants.values():
            return self.sound(announcement(self, one.ctx, source, None))
        return True

    def sound(self, work: Coroutine[Any, Any, None]) -> bool:
        """Run ``work``, which sounds in the room; tells whether there was room for it."""
        if len(self._sounds) >= MAX_SOUNDS:
            work.close()
            return False
        task = asyncio.create_task(work)
        self._sounds.add(task)
        task.add_done_callback(self._sounds.discard)
        return True

    async def _record(self, bridge: str) -> None:
        """Record the room when somebody has asked for it; without disk space it goes on."""
        recorder, record = self.services.recorder, self.record
        if self.recording is None or recorder.of_conference(record.sid):
            return
        try:
            await recorder.bridge(
                bridge,
                self.recording,
                account_sid=record.account_sid,
                conference_sid=record.sid,
            )
        except TwilioError as error:  # it was told
            log.warning("conference.not_recorded", conference_sid=record.sid, error=str(error))

    async def _beep(self, word: str) -> None:
        try:
            tune = await self.services.tunes.chime(rising=word == "onEnter")
            with tune:
                await (await self.bridge()).play(tune.path)
        except (AriError, TwilioError) as error:
            log.warning("conference.no_beep", conference_sid=self.record.sid, error=str(error))

    async def _release(self) -> None:
        """Unmake the bridge and tell the end, once."""
        if self._is_released:
            return
        self._is_released = True
        sounds = list(self._sounds)
        for one in sounds:
            one.cancel()
        await asyncio.gather(*sounds, return_exceptions=True)
        for recording in self.services.recorder.of_conference(self.record.sid):
            await recording.stop()
        if self._is_made and self._bridge is None:
            await self.bridge()  # an earlier process made it
        await self._stack.aclose()
        self._forget(self)
        by = self._ending.record if self._ending else None
        self.tell(
            "conference-end",
            CallSidEndingConference=by.call_sid if by else "",
            ParticipantLabelEndingConference=by.label if by else "",
            ReasonConferenceEnded=self.record.reason_conference_ended or "",
        )
