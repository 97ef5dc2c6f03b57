"""Requests to `/bridges`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""
# ruff: noqa: A002

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ari_app.ari.models import (
    Bridge,
    LiveRecording,
    Playback,
    Variable,
    Variables,
)
from ari_app.ari.operations.base import Operations, path


class Bridges(Operations):
    """Requests to `/bridges`."""

    async def list(self) -> Sequence[Bridge]:
        """GET /bridges."""
        return await self._fetch(list[Bridge], "GET", "/bridges")

    async def create(
        self,
        *,
        type: str | None = None,
        bridge_id: str | None = None,
        name: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Bridge:
        """POST /bridges; raises Conflict."""
        return await self._fetch(
            Bridge,
            "POST",
            "/bridges",
            query={"type": type, "bridgeId": bridge_id, "name": name},
            body={"variables": variables},
        )

    async def create_with_id(
        self,
        bridge_id: str,
        *,
        type: str | None = None,
        name: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Bridge:
        """POST /bridges/{bridgeId}; raises Conflict."""
        return await self._fetch(
            Bridge,
            "POST",
            path("/bridges/{bridge_id}", bridge_id=bridge_id),
            query={"type": type, "name": name},
            body={"variables": variables},
        )

    async def get(self, bridge_id: str) -> Bridge:
        """GET /bridges/{bridgeId}; raises NotFound."""
        return await self._fetch(Bridge, "GET", path("/bridges/{bridge_id}", bridge_id=bridge_id))

    async def destroy(self, bridge_id: str) -> None:
        """DELETE /bridges/{bridgeId}; raises NotFound."""
        await self._send("DELETE", path("/bridges/{bridge_id}", bridge_id=bridge_id))

    async def get_bridge_var(self, bridge_id: str, *, variable: str) -> Variable:
        """GET /bridges/{bridgeId}/variable; raises BadRequest, NotFound, Conflict."""
        return await self._fetch(
            Variable,
            "GET",
            path("/bridges/{bridge_id}/variable", bridge_id=bridge_id),
            query={"variable": variable},
        )

    async def set_bridge_var(
        self,
        bridge_id: str,
        *,
        variable: str,
        value: str | None = None,
        report_events: bool | None = None,
    ) -> None:
        """POST /bridges/{bridgeId}/variable; raises BadRequest, NotFound, Conflict."""
        await self._send(
            "POST",
            path("/bridges/{bridge_id}/variable", bridge_id=bridge_id),
            query={"variable": variable, "value": value, "report_events": report_events},
        )

    async def get_bridge_vars(self, bridge_id: str, *, variables: str | Sequence[str]) -> Variables:
        """GET /bridges/{bridgeId}/variables; raises BadRequest, NotFound, Conflict."""
        return await self._fetch(
            Variables,
            "GET",
            path("/bridges/{bridge_id}/variables", bridge_id=bridge_id),
            query={"variables": variables},
        )

    async def set_bridge_vars(self, bridge_id: str, *, variables: Mapping[str, Any]) -> None:
        """POST /bridges/{bridgeId}/variables; raises BadRequest, NotFound, Conflict."""
        await self._send(
            "POST",
            path("/bridges/{bridge_id}/variables", bridge_id=bridge_id),
            body={"variables": variables},
        )

    async def add_channel(
        self,
        bridge_id: str,
        *,
        channel: str | Sequence[str],
        role: str | None = None,
        absorb_dtmf: bool | None = None,
        mute: bool | None = None,
        inhibit_connected_line_updates: bool | None = None,
    ) -> None:
        """POST /bridges/{bridgeId}/addChannel.

        Raises BadRequest, NotFound, Conflict, Unprocessable.
        """
        await self._send(
            "POST",
            path("/bridges/{bridge_id}/addChannel", bridge_id=bridge_id),
            query={
                "channel": channel,
                "role": role,
                "absorbDTMF": absorb_dtmf,
                "mute": mute,
                "inhibitConnectedLineUpdates": inhibit_connected_line_updates,
            },
        )

    async def remove_channel(self, bridge_id: str, *, channel: str | Sequence[str]) -> None:
        """POST /bridges/{bridgeId}/removeChannel.

        Raises BadRequest, NotFound, Conflict, Unprocessable.
        """
        await self._send(
            "POST",
            path("/bridges/{bridge_id}/removeChannel", bridge_id=bridge_id),
            query={"channel": channel},
        )

    async def set_video_source(self, bridge_id: str, channel_id: str) -> None:
        """POST /bridges/{bridgeId}/videoSource/{channelId}.

        Raises NotFound, Conflict, Unprocessable.
        """
        await self._send(
            "POST",
            path(
                "/bridges/{bridge_id}/videoSource/{channel_id}",
                bridge_id=bridge_id,
                channel_id=channel_id,
            ),
        )

    async def clear_video_source(self, bridge_id: str) -> None:
        """DELETE /bridges/{bridgeId}/videoSource; raises NotFound."""
        await self._send("DELETE", path("/bridges/{bridge_id}/videoSource", bridge_id=bridge_id))

    async def start_moh(self, bridge_id: str, *, moh_class: str | None = None) -> None:
        """POST /bridges/{bridgeId}/moh; raises NotFound, Conflict."""
        await self._send(
            "POST",
            path("/bridges/{bridge_id}/moh", bridge_id=bridge_id),
            query={"mohClass": moh_class},
        )

    async def stop_moh(self, bridge_id: str) -> None:
        """DELETE /bridges/{bridgeId}/moh; raises NotFound, Conflict."""
        await self._send("DELETE", path("/bridges/{bridge_id}/moh", bridge_id=bridge_id))

    async def play(
        self,
        bridge_id: str,
        *,
        media: str | Sequence[str],
        announcer_format: str | None = None,
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
        playback_id: str | None = None,
    ) -> Playback:
        """POST /bridges/{bridgeId}/play; raises NotFound, Conflict, Unprocessable."""
        return await self._fetch(
            Playback,
            "POST",
            path("/bridges/{bridge_id}/play", bridge_id=bridge_id),
            query={
                "media": media,
                "announcer_format": announcer_format,
                "lang": lang,
                "offsetms": offsetms,
                "skipms": skipms,
                "playbackId": playback_id,
            },
        )

    async def play_with_id(
        self,
        bridge_id: str,
        playback_id: str,
        *,
        media: str | Sequence[str],
        announcer_format: str | None = None,
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
    ) -> Playback:
        """POST /bridges/{bridgeId}/play/{playbackId}; raises NotFound, Conflict, Unprocessable."""
        return await self._fetch(
            Playback,
            "POST",
            path(
                "/bridges/{bridge_id}/play/{playback_id}",
                bridge_id=bridge_id,
                playback_id=playback_id,
            ),
            query={
                "media": media,
                "announcer_format": announcer_format,
                "lang": lang,
                "offsetms": offsetms,
                "skipms": skipms,
            },
        )

    async def record(
        self,
        bridge_id: str,
        *,
        name: str,
        format: str,
        recorder_format: str | None = None,
        max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None,
        if_exists: str | None = None,
        beep: bool | None = None,
        terminate_on: str | None = None,
    ) -> LiveRecording:
        """POST /bridges/{bridgeId}/record.

        Raises BadRequest, NotFound, Conflict, Unprocessable.
        """
        return await self._fetch(
            LiveRecording,
            "POST",
            path("/bridges/{bridge_id}/record", bridge_id=bridge_id),
            query={
                "name": name,
                "format": format,
                "recorder_format": recorder_format,
                "maxDurationSeconds": max_duration_seconds,
                "maxSilenceSeconds": max_silence_seconds,
                "ifExists": if_exists,
                "beep": beep,
                "terminateOn": terminate_on,
            },
        )
