"""Which call a channel, bridge, playback or stream belongs to."""

from __future__ import annotations

import re

#: Ids are made of the SID that they serve: `MZ…-media`, `CA…-dial`, `RE…`.
_SID = re.compile(r"(?:CA|MZ)[0-9a-f]{32}")


class Index:
    """Ids → call SID, as far as anybody has told; the ``most`` newest are kept."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._calls: dict[str, str] = {}

    def learn(self, some_id: str, call_sid: str) -> None:
        """Remember whose ``some_id`` is: a channel's, a stream's, a SIP Call-ID."""
        if not some_id:
            return
        self._calls.pop(some_id, None)
        self._calls[some_id] = call_sid
        if len(self._calls) > self._most:
            del self._calls[next(iter(self._calls))]

    def call_of(self, *ids: str) -> str:
        """Return the SID of the first id that belongs to a call, "" when none does."""
        for some_id in ids:
            if not some_id:
                continue
            if found := self._calls.get(some_id):
                return found
            if sid := _SID.search(some_id):
                if sid[0].startswith("CA"):
                    return sid[0]
                if found := self._calls.get(sid[0]):
                    return found
        return ""
