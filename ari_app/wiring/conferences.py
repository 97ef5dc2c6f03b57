"""The conferences of this node as the REST API sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol
from xml.sax.saxutils import escape, quoteattr

import msgspec
import structlog

from ari_app.api.ports import (
    ApiError,
    CreateCall,
    CreateParticipant,
    UpdateCall,
    UpdateConference,
    UpdateParticipant,
)
from ari_app.ari.errors import AriError
from ari_app.call.conference import Conference, Conferences, Participant
from ari_app.call.ports import Services
from ari_app.errors import UnknownRecordError
from ari_app.model import (
    Account,
    CallRecord,
    CallStatus,
    ConferenceFilter,
    ConferenceRecord,
    Page,
    PageRequest,
    ParticipantRecord,
)
from ari_app.store.store import Store

log = structlog.get_logger(__name__)

#: Seconds beyond the ring time after which whoever was called must have joined.
JOIN_SECONDS = 20.0
#: What a participant is whose call is not in the conference yet (Twilio: Participant, status).
_STATUS: dict[CallStatus, Literal["queued", "connecting", "ringing"]] = {
    CallStatus.QUEUED: "queued",
    CallStatus.INITIATED: "connecting",
    CallStatus.RINGING: "ringing",
    CallStatus.IN_PROGRESS: "connecting",
}


class Caller(Protocol):
    """Starts calls as the REST API does."""

    async def create(self, account: Account, request: CreateCall) -> CallRecord:
        """Queue an outbound call; raises ApiError."""

    def running(self, account: Account, call_sid: str) -> CallRecord | None:
        """Return a call that runs, as it is this moment."""

    async def update(self, account: Account, call_sid: str, request: UpdateCall) -> CallRecord:
        """Change or end a call; raises ApiError."""


class ApiConferences:
    """Implements the API's ``ConferenceService``."""

    def __init__(self, services: Services, desk: Conferences, store: Store, caller: Caller) -> None:
        self._services = services
        self._desk = desk
        self._store = store
        self._caller = caller
        self._work: set[asyncio.Task[None]] = set()

    def is_running(self, account: Account, conference: str) -> bool:
        """Tell whether a conference of that SID or name runs on this node."""
        return self._running(account, conference) is not None

    async def list(
        self, account: Account, filters: ConferenceFilter, page: PageRequest
    ) -> Page[ConferenceRecord]:
        """Return a page from the store, newest first."""
        return await self._store.conferences.list(account.sid, filters, page)

    async def get(self, account: Account, conference: str) -> ConferenceRecord:
        """Return a conference as it is this moment; raises UnknownRecordError."""
        room = self._running(account, conference)
        if room is not None:
            return room.record
        return await self._store.conferences.get(account.sid, conference)

    async def update(
        self, account: Account, conference: str, wanted: UpdateConference
    ) -> ConferenceRecord:
        """End a conference or announce something in it."""
        room = self._running(account, conference)
        if room is None:
            record = await self._store.conferences.get(account.sid, conference)
            if wanted.announce is not None:
                raise ApiError(400, 16022, "The conference is over")
            return record
        if wanted.announce is not None and not room.announce(wanted.announce):
            raise ApiError(429, 20429, "Too many announcements in this conference")
        if wanted.end:
            room.end("conference-ended-via-api")
            await room.close_if_empty()
        return room.record

    async def participants(self, account: Account, conference: str) -> Sequence[ParticipantRecord]:
        """Return who is in it; nobody when it is over; raises UnknownRecordError."""
        room = self._running(account, conference)
        if room is None:
            await self._store.conferences.get(account.sid, conference)
            return []
        return [*(one.record for one in room.participants.values()), *self._called(account, room)]

    async def participant(
        self, account: Account, conference: str, participant: str
    ) -> ParticipantRecord:
        """Return one participant; raises UnknownRecordError."""
        room = self._running(account, conference)
        for one in self._called(account, room) if room else ():
            if participant in (one.call_sid, one.label):
                return one
        return self._find(account, conference, participant).record

    async def change(
        self, account: Account, conference: str, participant: str, wanted: UpdateParticipant
    ) -> ParticipantRecord:
        """Change a participant; raises UnknownRecordError, ApiError 503 and 429."""
        one = self._find(account, conference, participant)
        if wanted.end_on_exit is not None:
            one.set_end_on_exit(wanted.end_on_exit)
        if wanted.beep_on_exit is not None:
            one.set_beep_on_exit(wanted.beep_on_exit)
        if wanted.hold is not None:
            one.hold(wanted.hold, wanted.hold_music)
        if wanted.wait_music is not None:
            one.set_wait_music(wanted.wait_music)
        if wanted.coaching is not None:
            one.set_coaching(wanted.coaching, wanted.call_sid_to_coach)
        if wanted.muted is not None:
            try:
                await one.mute(wanted.muted)
            except AriError as error:
                log.warning("participant.not_muted", call_sid=one.record.call_sid, error=str(error))
                raise ApiError(503, 20503, "Asterisk did not mute the call") from error
        if wanted.announce is not None and not one.announce(wanted.announce):
            raise ApiError(429, 20429, "Too many announcements in this conference")
        return one.record

    async def kick(self, account: Account, conference: str, participant: str) -> None:
        """Put a participant out, or stop calling him; raises UnknownRecordError."""
        room = self._running(account, conference)
        for one in self._called(account, room) if room else ():
            if participant in (one.call_sid, one.label):
                await self._caller.update(account, one.call_sid, UpdateCall(status="completed"))
                return
        self._find(account, conference, participant).kick()

    async def call_in(
        self, account: Account, conference: str, wanted: CreateParticipant
    ) -> ParticipantRecord:
        """Call somebody who joins the conference when he answers."""
        room = self._running(account, conference)
        if room is None:
            if await self._is_over(account, conference):
                raise ApiError(400, 16022, "The conference is over")
            room = self._desk.open(self._services, account.sid, conference)
        self._called(account, room)  # so that they do not become many
        twiml = _document(room.record.friendly_name, wanted.attributes)
        call = await self._caller.create(account, msgspec.structs.replace(wanted.call, twiml=twiml))
        # Nobody may ever answer: then a conference that was made for him ends again.
        self._desk.expect(room, wanted.call.timeout + JOIN_SECONDS)
        said = wanted.attributes.get
        room.called[call.sid] = ParticipantRecord(
            account_sid=account.sid,
            conference_sid=room.record.sid,
            call_sid=call.sid,
            label=said("participantLabel", ""),
            muted=said("muted") == "true",
            start_conference_on_enter=said("startConferenceOnEnter") != "false",
            end_conference_on_exit=said("endConferenceOnExit") == "true",
            coaching="coach" in wanted.attributes,
            call_sid_to_coach=said("coach"),
            status="queued",
            date_created=call.date_created,
            date_updated=call.date_updated,
        )
        return room.called[call.sid]

    def _called(self, account: Account, room: Conference) -> Sequence[ParticipantRecord]:
        """Return those who were called in and have not joined yet; forgets who never will."""
        waited = []
        for sid, one in [*room.called.items()]:
            call = self._caller.running(account, sid)
            if call is None or call.status.final:
                del room.called[sid]
            else:
                waited.append(msgspec.structs.replace(one, status=_STATUS[call.status]))
        return waited

    async def _is_over(self, account: Account, conference: str) -> bool:
        """Whether ``conference`` is the SID of one that has ended; any other is a new name."""
        try:
            await self._store.conferences.get(account.sid, conference)
        except UnknownRecordError:
            return False
        return True

    def _running(self, account: Account, conference: str) -> Conference | None:
        return self._desk.get(account.sid, conference) or self._desk.named(account.sid, conference)

    def _find(self, account: Account, conference: str, participant: str) -> Participant:
        room = self._running(account, conference)
        for one in room.participants.values() if room else ():
            if participant in (one.record.call_sid, one.record.label):
                return one
        raise UnknownRecordError(participant)


def _document(name: str, attributes: Mapping[str, str]) -> str:
    """Return the TwiML with which a call joins the conference ``name``."""
    said = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<Response><Dial><Conference{said}>{escape(name)}</Conference></Dial></Response>"
