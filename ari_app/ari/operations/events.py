"""Requests to `/events`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ari_app.ari.operations.base import Operations, path


class Events(Operations):
    """Requests to `/events`."""

    async def user_event(
        self,
        event_name: str,
        *,
        application: str,
        source: str | Sequence[str] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """POST /events/user/{eventName}; raises BadRequest, NotFound, Unprocessable."""
        await self._send(
            "POST",
            path("/events/user/{event_name}", event_name=event_name),
            query={"application": application, "source": source},
            body={"variables": variables},
        )

    async def claim_channel(self, *, channel_id: str, application: str) -> None:
        """POST /events/claim; raises NotFound, Conflict."""
        await self._send(
            "POST", "/events/claim", query={"channelId": channel_id, "application": application}
        )
