"""Requests to `/channels` about audio.

Written by `python -m ari_app.ari.generate`; do not edit.
"""
# ruff: noqa: A002

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ari_app.ari.models import (
    Channel,
    LiveRecording,
    Playback,
    RTPstat,
)
from ari_app.ari.operations.base import Operations, path


class ChannelsMedia(Operations):
    """Requests to `/channels` about audio."""

    async def send_dtmf(
        self,
        channel_id: str,
        *,
        dtmf: str | None = None,
        before: int | None = None,
        between: int | None = None,
        duration: int | None = None,
        after: int | None = None,
    ) -> None:
        """POST /channels/{channelId}/dtmf.

        Raises BadRequest, NotFound, Conflict, PreconditionFailed.
        """
        await self._send(
            "POST",
            path("/channels/{channel_id}/dtmf", channel_id=channel_id),
            query={
                "dtmf": dtmf,
                "before": before,
                "between": between,
                "duration": duration,
                "after": after,
            },
        )

    async def mute(self, channel_id: str, *, direction: str | None = None) -> None:
        """POST /channels/{channelId}/mute; raises NotFound, Conflict, PreconditionFailed."""
        await self._send(
            "POST",
            path("/channels/{channel_id}/mute", channel_id=channel_id),
            query={"direction": direction},
        )

    async def unmute(self, channel_id: str, *, direction: str | None = None) -> None:
        """DELETE /channels/{channelId}/mute; raises NotFound, Conflict, PreconditionFailed."""
        await self._send(
            "DELETE",
            path("/channels/{channel_id}/mute", channel_id=channel_id),
            query={"direction": direction},
        )

    async def hold(self, channel_id: str) -> None:
        """POST /channels/{channelId}/hold; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("POST", path("/channels/{channel_id}/hold", channel_id=channel_id))

    async def unhold(self, channel_id: str) -> None:
        """DELETE /channels/{channelId}/hold; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("DELETE", path("/channels/{channel_id}/hold", channel_id=channel_id))

    async def start_moh(self, channel_id: str, *, moh_class: str | None = None) -> None:
        """POST /channels/{channelId}/moh; raises NotFound, Conflict, PreconditionFailed."""
        await self._send(
            "POST",
            path("/channels/{channel_id}/moh", channel_id=channel_id),
            query={"mohClass": moh_class},
        )

    async def stop_moh(self, channel_id: str) -> None:
        """DELETE /channels/{channelId}/moh; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("DELETE", path("/channels/{channel_id}/moh", channel_id=channel_id))

    async def start_silence(self, channel_id: str) -> None:
        """POST /channels/{channelId}/silence; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("POST", path("/channels/{channel_id}/silence", channel_id=channel_id))

    async def stop_silence(self, channel_id: str) -> None:
        """DELETE /channels/{channelId}/silence; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("DELETE", path("/channels/{channel_id}/silence", channel_id=channel_id))

    async def play(
        self,
        channel_id: str,
        *,
        media: str | Sequence[str],
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
        playback_id: str | None = None,
    ) -> Playback:
        """POST /channels/{channelId}/play; raises NotFound, Conflict, PreconditionFailed."""
        return await self._fetch(
            Playback,
            "POST",
            path("/channels/{channel_id}/play", channel_id=channel_id),
            query={
                "media": media,
                "lang": lang,
                "offsetms": offsetms,
                "skipms": skipms,
                "playbackId": playback_id,
            },
        )

    async def play_with_id(
        self,
        channel_id: str,
        playback_id: str,
        *,
        media: str | Sequence[str],
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
    ) -> Playback:
        """POST /channels/{channelId}/play/{playbackId}.

        Raises NotFound, Conflict, PreconditionFailed.
        """
        return await self._fetch(
            Playback,
            "POST",
            path(
                "/channels/{channel_id}/play/{playback_id}",
                channel_id=channel_id,
                playback_id=playback_id,
            ),
            query={"media": media, "lang": lang, "offsetms": offsetms, "skipms": skipms},
        )

    async def record(
        self,
        channel_id: str,
        *,
        name: str,
        format: str,
        max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None,
        if_exists: str | None = None,
        beep: bool | None = None,
        terminate_on: str | None = None,
    ) -> LiveRecording:
        """POST /channels/{channelId}/record.

        Raises BadRequest, NotFound, Conflict, Unprocessable.
        """
        return await self._fetch(
            LiveRecording,
            "POST",
            path("/channels/{channel_id}/record", channel_id=channel_id),
            query={
                "name": name,
                "format": format,
                "maxDurationSeconds": max_duration_seconds,
                "maxSilenceSeconds": max_silence_seconds,
                "ifExists": if_exists,
                "beep": beep,
                "terminateOn": terminate_on,
            },
        )

    async def snoop_channel(
        self,
        channel_id: str,
        *,
        app: str,
        spy: str | None = None,
        whisper: str | None = None,
        app_args: str | None = None,
        snoop_id: str | None = None,
    ) -> Channel:
        """POST /channels/{channelId}/snoop; raises BadRequest, NotFound."""
        return await self._fetch(
            Channel,
            "POST",
            path("/channels/{channel_id}/snoop", channel_id=channel_id),
            query={
                "spy": spy,
                "whisper": whisper,
                "app": app,
                "appArgs": app_args,
                "snoopId": snoop_id,
            },
        )

    async def snoop_channel_with_id(
        self,
        channel_id: str,
        snoop_id: str,
        *,
        app: str,
        spy: str | None = None,
        whisper: str | None = None,
        app_args: str | None = None,
    ) -> Channel:
        """POST /channels/{channelId}/snoop/{snoopId}; raises BadRequest, NotFound."""
        return await self._fetch(
            Channel,
            "POST",
            path(
                "/channels/{channel_id}/snoop/{snoop_id}", channel_id=channel_id, snoop_id=snoop_id
            ),
            query={"spy": spy, "whisper": whisper, "app": app, "appArgs": app_args},
        )

    async def rtpstatistics(self, channel_id: str) -> RTPstat:
        """GET /channels/{channelId}/rtp_statistics; raises NotFound."""
        return await self._fetch(
            RTPstat, "GET", path("/channels/{channel_id}/rtp_statistics", channel_id=channel_id)
        )

    async def external_media(
        self,
        *,
        app: str,
        format: str,
        channel_id: str | None = None,
        variables: Mapping[str, Any] | None = None,
        external_host: str | None = None,
        encapsulation: str | None = None,
        transport: str | None = None,
        connection_type: str | None = None,
        direction: str | None = None,
        data: str | None = None,
        transport_data: str | None = None,
    ) -> Channel:
        """POST /channels/externalMedia; raises BadRequest, Conflict."""
        return await self._fetch(
            Channel,
            "POST",
            "/channels/externalMedia",
            query={
                "channelId": channel_id,
                "app": app,
                "external_host": external_host,
                "encapsulation": encapsulation,
                "transport": transport,
                "connection_type": connection_type,
                "format": format,
                "direction": direction,
                "data": data,
                "transport_data": transport_data,
            },
            body={"variables": variables},
        )
