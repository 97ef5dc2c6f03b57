"""Recordings on whichever node makes them or has their files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal, Protocol

from ari_app.api.ports import RecordingService, StartRecording, UpdateRecording
from ari_app.model import Account, RecordingRecord
from ari_app.wiring.across import messages
from ari_app.wiring.across.elsewhere import Elsewhere
from ari_app.wiring.across.owners import Owners
from ari_app.wiring.recordings import CURRENT


class Files(Protocol):
    """Fetches files that other nodes have."""

    async def fetch(
        self, record: RecordingRecord, kind: Literal["wav", "mp3"], channels: int | None
    ) -> Path:
        """Return a copy. Raises FileNotFoundError, and ApiError 503 when the node is away."""


class RecordingsAcross:
    """Implements the API's ``RecordingService`` for all nodes. ``here`` is ``node``'s own."""

    def __init__(
        self,
        node: str,
        here: RecordingService,
        owners: Owners,
        elsewhere: Elsewhere,
        files: Files,
    ) -> None:
        self._node_name = node
        self._here = here
        self._owners = owners
        self._elsewhere = elsewhere
        self._files = files

    async def running(
        self,
        account: Account,
        sid: str,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord | None:
        """Return a running recording as it is this moment."""
        record = await self._here.running(
            account, sid, call_sid=call_sid, conference_sid=conference_sid
        )
        node = None
        if record is None:
            node = await self._node(account, sid, call_sid, conference_sid)
        if node is None:
            return record
        order = messages.RunningRecording(
            account_sid=account.sid, sid=sid, call_sid=call_sid, conference_sid=conference_sid
        )
        found = await self._elsewhere.ask(node, order, tuple[RecordingRecord, ...])
        return found[0] if found else None

    async def start(
        self, account: Account, call_sid: str, request: StartRecording
    ) -> RecordingRecord:
        """Record a call where it runs."""
        node = await self._owners.of_call(account, call_sid)
        if node is None:
            return await self._here.start(account, call_sid, request)
        order = messages.StartRecording(account_sid=account.sid, call_sid=call_sid, request=request)
        return await self._elsewhere.ask(node, order, RecordingRecord)

    async def update(
        self,
        account: Account,
        sid: str,
        request: UpdateRecording,
        *,
        call_sid: str | None = None,
        conference_sid: str | None = None,
    ) -> RecordingRecord:
        """Pause, resume or stop it where it runs."""
        node = None
        if not await self._here.running(
            account, sid, call_sid=call_sid, conference_sid=conference_sid
        ):
            node = await self._node(account, sid, call_sid, conference_sid)
        if node is None:
            return await self._here.update(
                account, sid, request, call_sid=call_sid, conference_sid=conference_sid
            )
        order = messages.UpdateRecording(
            account_sid=account.sid,
            sid=sid,
            request=request,
            call_sid=call_sid,
            conference_sid=conference_sid,
        )
        return await self._elsewhere.ask(node, order, RecordingRecord)

    async def media(
        self, record: RecordingRecord, kind: Literal["wav", "mp3"], *, channels: int | None
    ) -> Path:
        """Return the file, fetched from the node that has it unless it can be had here."""
        if record.node in ("", self._node_name) or await self._lies_here(record):
            return await self._here.media(record, kind, channels=channels)
        return await self._files.fetch(record, kind, channels)

    async def delete(self, record: RecordingRecord) -> None:
        """Remove the audio where it is; its node need not be there when it can be had here."""
        if record.node in ("", self._node_name):
            return await self._here.delete(record)
        if not self._elsewhere.is_there(record.node) and await self._lies_here(record):
            return await self._here.delete(record)
        order = messages.DeleteRecording(account_sid=record.account_sid, record=record)
        return await self._elsewhere.ask(record.node, order, type(None))

    async def _lies_here(self, record: RecordingRecord) -> bool:
        """Tell whether another node's file is here too: nodes may share the folder."""
        try:
            path = await self._here.media(record, "wav", channels=None)
            return await asyncio.to_thread(path.is_file)
        except OSError:  # not here, or not to be had: its node knows better
            return False

    async def _node(
        self, account: Account, sid: str, call_sid: str | None, conference_sid: str | None
    ) -> str | None:
        """Return the other node that makes the recording; SQL may not know it yet."""
        if sid != CURRENT and (node := await self._owners.of_recording(account, sid)):
            return node
        if call_sid is not None:
            return await self._owners.of_call(account, call_sid)
        if conference_sid is not None:
            return await self._owners.of_conference(account, conference_sid)
        return None
