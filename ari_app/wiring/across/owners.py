"""Which node has a call, a recording or a conference, by what SQL says."""

from __future__ import annotations

from ari_app.errors import UnknownRecordError
from ari_app.model import Account, ConferenceFilter, PageRequest
from ari_app.store.store import Store


class Owners:
    """Finds owners among the other nodes; None stands for this node or none.

    What has ended or never was belongs to no other node: this one answers for it, from SQL.
    Everything may raise StoreUnavailable: then nobody can know.
    """

    def __init__(self, node: str, store: Store) -> None:
        self._node = node
        self._store = store

    async def of_call(self, account: Account, call_sid: str) -> str | None:
        """Return the other node that runs the call."""
        try:
            record = await self._store.calls.get(call_sid, account.sid)
        except UnknownRecordError:
            return None
        return None if record.status.final else self._other(record.node)

    async def of_conference(self, account: Account, conference: str) -> str | None:
        """Return the other node that runs the conference of that SID, or the newest so named."""
        store = self._store.conferences
        try:
            record = await store.get(account.sid, conference)
        except UnknownRecordError:
            filters = ConferenceFilter(friendly_name=conference, status="in-progress")
            found = await store.list(account.sid, filters, PageRequest(size=1))
            if not found.items:
                return None
            record = found.items[0]
        return None if record.status == "completed" else self._other(record.node)

    async def of_recording(self, account: Account, sid: str) -> str | None:
        """Return the other node that makes the recording."""
        try:
            record = await self._store.recordings.get(account.sid, sid)
        except UnknownRecordError:
            return None
        return None if record.status.final else self._other(record.node)

    def _other(self, node: str) -> str | None:
        return node if node not in ("", self._node) else None
