"""Recordings: parsed requests, and who makes and hands them out."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import msgspec

from ari_app.model import Account, RecordingRecord, RecordingTrack, StatusCallback


class StartRecording(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Calls/{sid}/Recordings``, or ``Record=true`` of a new call."""

    channels: int = 1
    track: RecordingTrack = "both"
    trim: bool = False
    callback: StatusCallback | None = None


class UpdateRecording(msgspec.Struct, frozen=True, kw_only=True):
    """A checked update of a running recording; ``silent``: silence stands for the pause."""

    status: Literal["in-progress", "paused", "stopped"]
    silent: bool = True


class RecordingService(Protocol):
    """Starts, changes and hands out recordings. May raise StoreUnavailable."""

    async def running(
        self,
        account: Account,
        sid: str,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord | None:
        """Return a running recording of the account as it is this moment.

        ``sid`` may be ``Twilio.CURRENT`` with the call or conference meant.
        """
        ...

    async def start(
        self, account: Account, call_sid: str, request: StartRecording
    ) -> RecordingRecord:
        """Record a call.

        Raises:
            ApiError: 404/20404 unknown call, 400/21220 call not in progress, 400/16108 recorded
                already, 503/20503 not possible now.
        """
        ...

    async def update(
        self,
        account: Account,
        sid: str,
        request: UpdateRecording,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord:
        """Pause, resume or stop. Raises ApiError 404/20404, 400/21220; UnknownRecordError."""
        ...

    async def media(
        self, record: RecordingRecord, kind: Literal["wav", "mp3"], *, channels: int | None
    ) -> Path:
        """Return the file; ``channels`` 1 mixes two. Raises FileNotFoundError."""
        ...

    async def delete(self, record: RecordingRecord) -> None:
        """Remove a finished recording's audio and mark its record as deleted."""
        ...
