"""Requests to `/asterisk`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""
# ruff: noqa: A002

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ari_app.ari.models import (
    AsteriskInfo,
    AsteriskPing,
    ConfigTuple,
    LogChannel,
    Module,
    Variable,
)
from ari_app.ari.operations.base import Operations, path


class Asterisk(Operations):
    """Requests to `/asterisk`."""

    async def get_object(
        self, config_class: str, object_type: str, id: str
    ) -> Sequence[ConfigTuple]:
        """GET /asterisk/config/dynamic/{configClass}/{objectType}/{id}; raises NotFound."""
        return await self._fetch(
            list[ConfigTuple],
            "GET",
            path(
                "/asterisk/config/dynamic/{config_class}/{object_type}/{id}",
                config_class=config_class,
                object_type=object_type,
                id=id,
            ),
        )

    async def update_object(
        self,
        config_class: str,
        object_type: str,
        id: str,
        *,
        fields: Mapping[str, Any] | None = None,
    ) -> Sequence[ConfigTuple]:
        """PUT /asterisk/config/dynamic/{configClass}/{objectType}/{id}.

        Raises BadRequest, Forbidden, NotFound.
        """
        return await self._fetch(
            list[ConfigTuple],
            "PUT",
            path(
                "/asterisk/config/dynamic/{config_class}/{object_type}/{id}",
                config_class=config_class,
                object_type=object_type,
                id=id,
            ),
            body={"fields": fields},
        )

    async def delete_object(self, config_class: str, object_type: str, id: str) -> None:
        """DELETE /asterisk/config/dynamic/{configClass}/{objectType}/{id}.

        Raises Forbidden, NotFound.
        """
        await self._send(
            "DELETE",
            path(
                "/asterisk/config/dynamic/{config_class}/{object_type}/{id}",
                config_class=config_class,
                object_type=object_type,
                id=id,
            ),
        )

    async def get_info(self, *, only: str | Sequence[str] | None = None) -> AsteriskInfo:
        """GET /asterisk/info."""
        return await self._fetch(AsteriskInfo, "GET", "/asterisk/info", query={"only": only})

    async def ping(self) -> AsteriskPing:
        """GET /asterisk/ping."""
        return await self._fetch(AsteriskPing, "GET", "/asterisk/ping")

    async def list_modules(self) -> Sequence[Module]:
        """GET /asterisk/modules."""
        return await self._fetch(list[Module], "GET", "/asterisk/modules")

    async def get_module(self, module_name: str) -> Module:
        """GET /asterisk/modules/{moduleName}; raises NotFound, Conflict."""
        return await self._fetch(
            Module, "GET", path("/asterisk/modules/{module_name}", module_name=module_name)
        )

    async def load_module(self, module_name: str) -> None:
        """POST /asterisk/modules/{moduleName}; raises Conflict."""
        await self._send("POST", path("/asterisk/modules/{module_name}", module_name=module_name))

    async def unload_module(self, module_name: str) -> None:
        """DELETE /asterisk/modules/{moduleName}; raises NotFound, Conflict."""
        await self._send("DELETE", path("/asterisk/modules/{module_name}", module_name=module_name))

    async def reload_module(self, module_name: str) -> None:
        """PUT /asterisk/modules/{moduleName}; raises NotFound, Conflict."""
        await self._send("PUT", path("/asterisk/modules/{module_name}", module_name=module_name))

    async def list_log_channels(self) -> Sequence[LogChannel]:
        """GET /asterisk/logging."""
        return await self._fetch(list[LogChannel], "GET", "/asterisk/logging")

    async def add_log(self, log_channel_name: str, *, configuration: str) -> None:
        """POST /asterisk/logging/{logChannelName}; raises BadRequest, Conflict."""
        await self._send(
            "POST",
            path("/asterisk/logging/{log_channel_name}", log_channel_name=log_channel_name),
            query={"configuration": configuration},
        )

    async def delete_log(self, log_channel_name: str) -> None:
        """DELETE /asterisk/logging/{logChannelName}; raises NotFound."""
        await self._send(
            "DELETE",
            path("/asterisk/logging/{log_channel_name}", log_channel_name=log_channel_name),
        )

    async def rotate_log(self, log_channel_name: str) -> None:
        """PUT /asterisk/logging/{logChannelName}/rotate; raises NotFound."""
        await self._send(
            "PUT",
            path("/asterisk/logging/{log_channel_name}/rotate", log_channel_name=log_channel_name),
        )

    async def get_global_var(self, *, variable: str) -> Variable:
        """GET /asterisk/variable; raises BadRequest."""
        return await self._fetch(
            Variable, "GET", "/asterisk/variable", query={"variable": variable}
        )

    async def set_global_var(self, *, variable: str, value: str | None = None) -> None:
        """POST /asterisk/variable; raises BadRequest."""
        await self._send("POST", "/asterisk/variable", query={"variable": variable, "value": value})
