"""Requests to `/recordings`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.ari.models import (
    LiveRecording,
    StoredRecording,
)
from ari_app.ari.operations.base import Operations, path


class Recordings(Operations):
    """Requests to `/recordings`."""

    async def list_stored(self) -> Sequence[StoredRecording]:
        """GET /recordings/stored."""
        return await self._fetch(list[StoredRecording], "GET", "/recordings/stored")

    async def get_stored(self, recording_name: str) -> StoredRecording:
        """GET /recordings/stored/{recordingName}; raises NotFound."""
        return await self._fetch(
            StoredRecording,
            "GET",
            path("/recordings/stored/{recording_name}", recording_name=recording_name),
        )

    async def delete_stored(self, recording_name: str) -> None:
        """DELETE /recordings/stored/{recordingName}; raises NotFound."""
        await self._send(
            "DELETE", path("/recordings/stored/{recording_name}", recording_name=recording_name)
        )

    async def get_stored_file(self, recording_name: str) -> bytes:
        """GET /recordings/stored/{recordingName}/file; raises Forbidden, NotFound."""
        return await self._download(
            "GET", path("/recordings/stored/{recording_name}/file", recording_name=recording_name)
        )

    async def copy_stored(
        self, recording_name: str, *, destination_recording_name: str
    ) -> StoredRecording:
        """POST /recordings/stored/{recordingName}/copy; raises NotFound, Conflict."""
        return await self._fetch(
            StoredRecording,
            "POST",
            path("/recordings/stored/{recording_name}/copy", recording_name=recording_name),
            query={"destinationRecordingName": destination_recording_name},
        )

    async def get_live(self, recording_name: str) -> LiveRecording:
        """GET /recordings/live/{recordingName}; raises NotFound."""
        return await self._fetch(
            LiveRecording,
            "GET",
            path("/recordings/live/{recording_name}", recording_name=recording_name),
        )

    async def cancel(self, recording_name: str) -> None:
        """DELETE /recordings/live/{recordingName}; raises NotFound."""
        await self._send(
            "DELETE", path("/recordings/live/{recording_name}", recording_name=recording_name)
        )

    async def stop(self, recording_name: str) -> None:
        """POST /recordings/live/{recordingName}/stop; raises NotFound."""
        await self._send(
            "POST", path("/recordings/live/{recording_name}/stop", recording_name=recording_name)
        )

    async def pause(self, recording_name: str) -> None:
        """POST /recordings/live/{recordingName}/pause; raises NotFound, Conflict."""
        await self._send(
            "POST", path("/recordings/live/{recording_name}/pause", recording_name=recording_name)
        )

    async def unpause(self, recording_name: str) -> None:
        """DELETE /recordings/live/{recordingName}/pause; raises NotFound, Conflict."""
        await self._send(
            "DELETE", path("/recordings/live/{recording_name}/pause", recording_name=recording_name)
        )

    async def mute(self, recording_name: str) -> None:
        """POST /recordings/live/{recordingName}/mute; raises NotFound, Conflict."""
        await self._send(
            "POST", path("/recordings/live/{recording_name}/mute", recording_name=recording_name)
        )

    async def unmute(self, recording_name: str) -> None:
        """DELETE /recordings/live/{recordingName}/mute; raises NotFound, Conflict."""
        await self._send(
            "DELETE", path("/recordings/live/{recording_name}/mute", recording_name=recording_name)
        )
