"""The conferences of this node, by account and name.

They live in this process. The store remembers that they are and were, so that a restarted app
finds the rooms whose callers Asterisk has kept together.
"""

from __future__ import annotations

import asyncio

import structlog

from ari_app.ari.errors import AriError
from ari_app.ari.reconcile import Snapshot
from ari_app.call.conference.room import Conference, bridge_id
from ari_app.call.ports import ConferenceStore, Services
from ari_app.model import ConferenceRecord
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

#: Seconds after a restart within which the callers of a conference are back in it.
RETURN_SECONDS = 30.0


class Conferences:
    """Opens conferences and finds those that run."""

    def __init__(self, store: ConferenceStore) -> None:
        self._store = store
        self._rooms: dict[str, Conference] = {}
        self._names: dict[tuple[str, str], Conference] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def named(self, account_sid: str, name: str) -> Conference | None:
        """Return the account's conference of that name if one runs."""
        room = self._names.get((account_sid, name))
        return room if room and not room.over else None

    def get(self, account_sid: str, sid: str) -> Conference | None:
        """Return the account's running conference."""
        room = self._rooms.get(sid)
        return room if room and not room.over and room.record.account_sid == account_sid else None

    def open(self, services: Services, account_sid: str, name: str) -> Conference:
        """Return the account's running conference of that name, a new one if there is none."""
        room = self.named(account_sid, name)
        if room is not None:
            return room
        now = services.now()
        record = ConferenceRecord(
            sid=new_sid("CF"),
            account_sid=account_sid,
            friendly_name=name,
            node=services.settings.node,
            date_created=now,
            date_updated=now,
        )
        room = Conference(services, self._store, record, forget=self._forget)
        self._keep(room)
        room.remember()
        return room

    async def revive(self, services: Services, snapshot: Snapshot) -> None:
        """Take up the conferences of an earlier process; whoever was in them comes back.

        Those to which nobody has come back after ``RETURN_SECONDS`` are ended. Raises what
        the store raises.
        """
        bridges = {bridge.id: bridge.channels for bridge in snapshot.bridges}
        for record in await self._store.unfinished(services.settings.node):
            if record.sid in self._rooms:
                continue
            name = bridge_id(record.sid)
            if name in bridges:
                services.bridges.claim(name)
            room = Conference(
                services, self._store, record, forget=self._forget, left=bridges.get(name)
            )
            self._keep(room)
            log.info("conference.revived", conference_sid=record.sid, channels=len(room.left))
            self.expect(room, RETURN_SECONDS)

    def expect(self, room: Conference, seconds: float) -> None:
        """End the conference if nobody is in it that many seconds from now."""
        task = asyncio.create_task(self._expire(room, seconds))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def close(self) -> None:
        """Stop waiting for callers to come back."""
        for task in self._closing:
            task.cancel()

    def _keep(self, room: Conference) -> None:
        self._rooms[room.record.sid] = room
        self._names[room.record.account_sid, room.record.friendly_name] = room

    def _forget(self, room: Conference) -> None:
        self._rooms.pop(room.record.sid, None)
        key = room.record.account_sid, room.record.friendly_name
        if self._names.get(key) is room:  # another one may have been opened meanwhile
            del self._names[key]

    async def _expire(self, room: Conference, seconds: float) -> None:
        await asyncio.sleep(seconds)
        try:
            await room.close_if_empty()
        except AriError as error:
            log.warning("conference.left_behind", conference_sid=room.record.sid, error=str(error))
