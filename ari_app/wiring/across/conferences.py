"""Conferences on whichever node has opened them."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.api.ports import CreateParticipant, UpdateConference, UpdateParticipant
from ari_app.model import (
    Account,
    ConferenceFilter,
    ConferenceRecord,
    Page,
    PageRequest,
    ParticipantRecord,
)
from ari_app.wiring.across import messages
from ari_app.wiring.across.elsewhere import Elsewhere
from ari_app.wiring.across.owners import Owners
from ari_app.wiring.conferences import ApiConferences


class ConferencesAcross:
    """Implements the API's ``ConferenceService`` for all nodes. ``here`` is this node's own."""

    def __init__(self, here: ApiConferences, owners: Owners, elsewhere: Elsewhere) -> None:
        self._here = here
        self._owners = owners
        self._elsewhere = elsewhere

    async def list(
        self, account: Account, filters: ConferenceFilter, page: PageRequest
    ) -> Page[ConferenceRecord]:
        """Return a page of all nodes' from SQL, newest first."""
        return await self._here.list(account, filters, page)

    async def get(self, account: Account, conference: str) -> ConferenceRecord:
        """Return a conference; one of another node as SQL knows it."""
        return await self._here.get(account, conference)

    async def update(
        self, account: Account, conference: str, wanted: UpdateConference
    ) -> ConferenceRecord:
        """End a conference or announce something in it."""
        node = await self._node(account, conference)
        if node is None:
            return await self._here.update(account, conference, wanted)
        order = messages.UpdateConference(
            account_sid=account.sid, conference=conference, request=wanted
        )
        return await self._elsewhere.ask(node, order, ConferenceRecord)

    async def participants(self, account: Account, conference: str) -> Sequence[ParticipantRecord]:
        """Return who is in it."""
        node = await self._node(account, conference)
        if node is None:
            return await self._here.participants(account, conference)
        order = messages.ListParticipants(account_sid=account.sid, conference=conference)
        return await self._elsewhere.ask(node, order, tuple[ParticipantRecord, ...])

    async def participant(
        self, account: Account, conference: str, participant: str
    ) -> ParticipantRecord:
        """Return one participant."""
        node = await self._node(account, conference)
        if node is None:
            return await self._here.participant(account, conference, participant)
        order = messages.GetParticipant(
            account_sid=account.sid, conference=conference, participant=participant
        )
        return await self._elsewhere.ask(node, order, ParticipantRecord)

    async def change(
        self, account: Account, conference: str, participant: str, wanted: UpdateParticipant
    ) -> ParticipantRecord:
        """Change a participant."""
        node = await self._node(account, conference)
        if node is None:
            return await self._here.change(account, conference, participant, wanted)
        order = messages.ChangeParticipant(
            account_sid=account.sid,
            conference=conference,
            participant=participant,
            request=wanted,
        )
        return await self._elsewhere.ask(node, order, ParticipantRecord)

    async def kick(self, account: Account, conference: str, participant: str) -> None:
        """Put a participant out."""
        node = await self._node(account, conference)
        if node is None:
            return await self._here.kick(account, conference, participant)
        order = messages.KickParticipant(
            account_sid=account.sid, conference=conference, participant=participant
        )
        return await self._elsewhere.ask(node, order, type(None))

    async def call_in(
        self, account: Account, conference: str, wanted: CreateParticipant
    ) -> ParticipantRecord:
        """Call somebody in, from the node that has the conference; else from this one."""
        node = await self._node(account, conference)
        if node is None:
            return await self._here.call_in(account, conference, wanted)
        order = messages.CallIn(account_sid=account.sid, conference=conference, request=wanted)
        return await self._elsewhere.ask(node, order, ParticipantRecord)

    async def _node(self, account: Account, conference: str) -> str | None:
        if self._here.is_running(account, conference):
            return None
        return await self._owners.of_conference(account, conference)
