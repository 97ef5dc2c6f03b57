"""What runs beside a call: one-way streams and live transcriptions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from ari_app.model import Account, Endpoint


class CreateStream(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Calls/{sid}/Streams``: a one-way stream beside the call."""

    url: str
    name: str | None = None
    track: str = "inbound_track"
    status_callback: Endpoint | None = None
    parameters: dict[str, str] = {}


class CreateTranscription(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ``POST /Calls/{sid}/Transcriptions``: what is said, told as it is said."""

    name: str | None = None
    track: str = "both_tracks"
    status_callback: Endpoint | None = None
    language: str = "en-US"
    engine: str = "google"
    model: str = "telephony"
    hints: tuple[str, ...] = ()
    partial_results: bool = False
    profanity_filter: bool = True
    punctuation: bool = True
    inbound_label: str | None = None
    outbound_label: str | None = None


class BackgroundState(msgspec.Struct, frozen=True, kw_only=True):
    """Something that runs or ran beside a call."""

    sid: str
    account_sid: str
    call_sid: str
    name: str
    status: Literal["in-progress", "stopped"]
    date_updated: datetime


class BackgroundService(Protocol):
    """Starts and stops what runs beside a call."""

    async def start(
        self, account: Account, call_sid: str, request: CreateStream | CreateTranscription
    ) -> BackgroundState:
        """Start it and return its state.

        Raises:
            ApiError: 404/20404 unknown call, 400/21220 call not in progress, 400 with a code of
                the 31900 family or 13340 when it cannot be.
        """
        ...

    async def stop(self, account: Account, call_sid: str, kind: str, name: str) -> BackgroundState:
        """Stop what has that name or SID; ``kind`` is ``stream`` or ``transcription``.

        Raises:
            ApiError: 404/20404 unknown call or name, 400/21220 call not in progress.
        """
