"""Requests to `/playbacks`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from ari_app.ari.models import (
    Playback,
)
from ari_app.ari.operations.base import Operations, path


class Playbacks(Operations):
    """Requests to `/playbacks`."""

    async def get(self, playback_id: str) -> Playback:
        """GET /playbacks/{playbackId}; raises NotFound."""
        return await self._fetch(
            Playback, "GET", path("/playbacks/{playback_id}", playback_id=playback_id)
        )

    async def stop(self, playback_id: str) -> None:
        """DELETE /playbacks/{playbackId}; raises NotFound."""
        await self._send("DELETE", path("/playbacks/{playback_id}", playback_id=playback_id))

    async def control(self, playback_id: str, *, operation: str) -> None:
        """POST /playbacks/{playbackId}/control; raises BadRequest, NotFound, Conflict."""
        await self._send(
            "POST",
            path("/playbacks/{playback_id}/control", playback_id=playback_id),
            query={"operation": operation},
        )
