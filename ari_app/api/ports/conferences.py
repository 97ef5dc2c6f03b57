"""Conferences and their participants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ari_app.api.ports.calls import CreateCall
from ari_app.model import (
    Account,
    ConferenceFilter,
    ConferenceRecord,
    Endpoint,
    Page,
    PageRequest,
    ParticipantRecord,
)


class UpdateConference(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Conferences/{sid}``: end it, or let all in it hear something."""

    end: bool = False
    announce: Endpoint | None = None


class UpdateParticipant(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST …/Participants/{id}``; None leaves a thing as it is."""

    muted: bool | None = None
    hold: bool | None = None
    hold_music: Endpoint | None = None
    wait_music: Endpoint | None = None
    announce: Endpoint | None = None
    beep_on_exit: bool | None = None
    end_on_exit: bool | None = None
    coaching: bool | None = None
    call_sid_to_coach: str | None = None


class CreateParticipant(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST …/Participants``: whom to call, and attributes of his <Conference>."""

    call: CreateCall
    attributes: dict[str, str]


class ConferenceService(Protocol):
    """Knows and changes conferences. Anything may raise StoreUnavailable.

    ``conference`` is a SID, or the name of one that runs; ``participant`` the SID of a call or
    a label. What does not exist raises UnknownRecordError; what Asterisk refuses, ApiError 503.
    """

    async def list(
        self, account: Account, filters: ConferenceFilter, page: PageRequest
    ) -> Page[ConferenceRecord]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def get(self, account: Account, conference: str) -> ConferenceRecord:
        """Return a conference as it is this moment."""
        ...

    async def update(
        self, account: Account, conference: str, wanted: UpdateConference
    ) -> ConferenceRecord:
        """End a conference or announce something in it. Raises ApiError 400 when it is over."""
        ...

    async def participants(self, account: Account, conference: str) -> Sequence[ParticipantRecord]:
        """Return who is in it, first come first; nobody when it is over."""
        ...

    async def participant(
        self, account: Account, conference: str, participant: str
    ) -> ParticipantRecord:
        """Return one participant."""
        ...

    async def change(
        self, account: Account, conference: str, participant: str, wanted: UpdateParticipant
    ) -> ParticipantRecord:
        """Change a participant; returns him as he then is."""
        ...

    async def kick(self, account: Account, conference: str, participant: str) -> None:
        """Put a participant out."""
        ...

    async def call_in(
        self, account: Account, conference: str, wanted: CreateParticipant
    ) -> ParticipantRecord:
        """Call somebody who joins the conference when he answers. Raises ApiError."""
        ...
