"""Requests to `/channels`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""
# ruff: noqa: ASYNC109

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ari_app.ari.models import (
    Channel,
    Variable,
    Variables,
)
from ari_app.ari.operations.base import path
from ari_app.ari.operations.channels_media import ChannelsMedia


class Channels(ChannelsMedia):
    """Requests to `/channels`."""

    async def list(self) -> Sequence[Channel]:
        """GET /channels."""
        return await self._fetch(list[Channel], "GET", "/channels")

    async def originate(
        self,
        *,
        endpoint: str,
        extension: str | None = None,
        context: str | None = None,
        priority: int | None = None,
        label: str | None = None,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout: int | None = None,
        variables: Mapping[str, Any] | None = None,
        channel_id: str | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
    ) -> Channel:
        """POST /channels; raises BadRequest, Conflict."""
        return await self._fetch(
            Channel,
            "POST",
            "/channels",
            query={
                "endpoint": endpoint,
                "extension": extension,
                "context": context,
                "priority": priority,
                "label": label,
                "app": app,
                "appArgs": app_args,
                "callerId": caller_id,
                "timeout": timeout,
                "channelId": channel_id,
                "otherChannelId": other_channel_id,
                "originator": originator,
                "formats": formats,
            },
            body={"variables": variables},
        )

    async def create(
        self,
        *,
        endpoint: str,
        app: str,
        app_args: str | None = None,
        channel_id: str | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Channel:
        """POST /channels/create; raises Conflict."""
        return await self._fetch(
            Channel,
            "POST",
            "/channels/create",
            query={
                "endpoint": endpoint,
                "app": app,
                "appArgs": app_args,
                "channelId": channel_id,
                "otherChannelId": other_channel_id,
                "originator": originator,
                "formats": formats,
            },
            body={"variables": variables},
        )

    async def get(self, channel_id: str) -> Channel:
        """GET /channels/{channelId}; raises NotFound."""
        return await self._fetch(
            Channel, "GET", path("/channels/{channel_id}", channel_id=channel_id)
        )

    async def originate_with_id(
        self,
        channel_id: str,
        *,
        endpoint: str,
        extension: str | None = None,
        context: str | None = None,
        priority: int | None = None,
        label: str | None = None,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout: int | None = None,
        variables: Mapping[str, Any] | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
    ) -> Channel:
        """POST /channels/{channelId}; raises BadRequest, Conflict."""
        return await self._fetch(
            Channel,
            "POST",
            path("/channels/{channel_id}", channel_id=channel_id),
            query={
                "endpoint": endpoint,
                "extension": extension,
                "context": context,
                "priority": priority,
                "label": label,
                "app": app,
                "appArgs": app_args,
                "callerId": caller_id,
                "timeout": timeout,
                "otherChannelId": other_channel_id,
                "originator": originator,
                "formats": formats,
            },
            body={"variables": variables},
        )

    async def hangup(
        self, channel_id: str, *, reason_code: str | None = None, reason: str | None = None
    ) -> None:
        """DELETE /channels/{channelId}; raises BadRequest, NotFound."""
        await self._send(
            "DELETE",
            path("/channels/{channel_id}", channel_id=channel_id),
            query={"reason_code": reason_code, "reason": reason},
        )

    async def continue_in_dialplan(
        self,
        channel_id: str,
        *,
        context: str | None = None,
        extension: str | None = None,
        priority: int | None = None,
        label: str | None = None,
    ) -> None:
        """POST /channels/{channelId}/continue; raises NotFound, Conflict, PreconditionFailed."""
        await self._send(
            "POST",
            path("/channels/{channel_id}/continue", channel_id=channel_id),
            query={
                "context": context,
                "extension": extension,
                "priority": priority,
                "label": label,
            },
        )

    async def move(self, channel_id: str, *, app: str, app_args: str | None = None) -> None:
        """POST /channels/{channelId}/move; raises NotFound, Conflict."""
        await self._send(
            "POST",
            path("/channels/{channel_id}/move", channel_id=channel_id),
            query={"app": app, "appArgs": app_args},
        )

    async def redirect(self, channel_id: str, *, endpoint: str) -> None:
        """POST /channels/{channelId}/redirect.

        Raises BadRequest, NotFound, Conflict, PreconditionFailed, Unprocessable.
        """
        await self._send(
            "POST",
            path("/channels/{channel_id}/redirect", channel_id=channel_id),
            query={"endpoint": endpoint},
        )

    async def answer(self, channel_id: str) -> None:
        """POST /channels/{channelId}/answer; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("POST", path("/channels/{channel_id}/answer", channel_id=channel_id))

    async def ring(self, channel_id: str) -> None:
        """POST /channels/{channelId}/ring; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("POST", path("/channels/{channel_id}/ring", channel_id=channel_id))

    async def ring_stop(self, channel_id: str) -> None:
        """DELETE /channels/{channelId}/ring; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("DELETE", path("/channels/{channel_id}/ring", channel_id=channel_id))

    async def progress(self, channel_id: str) -> None:
        """POST /channels/{channelId}/progress; raises NotFound, Conflict, PreconditionFailed."""
        await self._send("POST", path("/channels/{channel_id}/progress", channel_id=channel_id))

    async def get_channel_var(self, channel_id: str, *, variable: str) -> Variable:
        """GET /channels/{channelId}/variable; raises BadRequest, NotFound, Conflict."""
        return await self._fetch(
            Variable,
            "GET",
            path("/channels/{channel_id}/variable", channel_id=channel_id),
            query={"variable": variable},
        )

    async def set_channel_var(
        self,
        channel_id: str,
        *,
        variable: str,
        value: str | None = None,
        report_events: bool | None = None,
    ) -> None:
        """POST /channels/{channelId}/variable; raises BadRequest, NotFound, Conflict."""
        await self._send(
            "POST",
            path("/channels/{channel_id}/variable", channel_id=channel_id),
            query={"variable": variable, "value": value, "report_events": report_events},
        )

    async def get_channel_vars(
        self, channel_id: str, *, variables: str | Sequence[str]
    ) -> Variables:
        """GET /channels/{channelId}/variables; raises BadRequest, NotFound, Conflict."""
        return await self._fetch(
            Variables,
            "GET",
            path("/channels/{channel_id}/variables", channel_id=channel_id),
            query={"variables": variables},
        )

    async def set_channel_vars(self, channel_id: str, *, variables: Mapping[str, Any]) -> None:
        """POST /channels/{channelId}/variables; raises BadRequest, NotFound, Conflict."""
        await self._send(
            "POST",
            path("/channels/{channel_id}/variables", channel_id=channel_id),
            body={"variables": variables},
        )

    async def dial(
        self, channel_id: str, *, caller: str | None = None, timeout: int | None = None
    ) -> None:
        """POST /channels/{channelId}/dial; raises NotFound, Conflict."""
        await self._send(
            "POST",
            path("/channels/{channel_id}/dial", channel_id=channel_id),
            query={"caller": caller, "timeout": timeout},
        )

    async def transfer_progress(self, channel_id: str, *, states: str) -> None:
        """POST /channels/{channelId}/transfer_progress.

        Raises BadRequest, NotFound, Conflict, PreconditionFailed.
        """
        await self._send(
            "POST",
            path("/channels/{channel_id}/transfer_progress", channel_id=channel_id),
            query={"states": states},
        )
