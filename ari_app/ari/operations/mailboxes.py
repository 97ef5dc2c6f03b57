"""Requests to `/mailboxes`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.ari.models import (
    Mailbox,
)
from ari_app.ari.operations.base import Operations, path


class Mailboxes(Operations):
    """Requests to `/mailboxes`."""

    async def list(self) -> Sequence[Mailbox]:
        """GET /mailboxes."""
        return await self._fetch(list[Mailbox], "GET", "/mailboxes")

    async def get(self, mailbox_name: str) -> Mailbox:
        """GET /mailboxes/{mailboxName}; raises NotFound."""
        return await self._fetch(
            Mailbox, "GET", path("/mailboxes/{mailbox_name}", mailbox_name=mailbox_name)
        )

    async def update(self, mailbox_name: str, *, old_messages: int, new_messages: int) -> None:
        """PUT /mailboxes/{mailboxName}; raises NotFound."""
        await self._send(
            "PUT",
            path("/mailboxes/{mailbox_name}", mailbox_name=mailbox_name),
            query={"oldMessages": old_messages, "newMessages": new_messages},
        )

    async def delete(self, mailbox_name: str) -> None:
        """DELETE /mailboxes/{mailboxName}; raises NotFound."""
        await self._send("DELETE", path("/mailboxes/{mailbox_name}", mailbox_name=mailbox_name))
