"""Requests to `/deviceStates`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.ari.models import (
    DeviceState,
)
from ari_app.ari.operations.base import Operations, path


class DeviceStates(Operations):
    """Requests to `/deviceStates`."""

    async def list(self) -> Sequence[DeviceState]:
        """GET /deviceStates."""
        return await self._fetch(list[DeviceState], "GET", "/deviceStates")

    async def get(self, device_name: str) -> DeviceState:
        """GET /deviceStates/{deviceName}."""
        return await self._fetch(
            DeviceState, "GET", path("/deviceStates/{device_name}", device_name=device_name)
        )

    async def update(self, device_name: str, *, device_state: str) -> None:
        """PUT /deviceStates/{deviceName}; raises NotFound, Conflict."""
        await self._send(
            "PUT",
            path("/deviceStates/{device_name}", device_name=device_name),
            query={"deviceState": device_state},
        )

    async def delete(self, device_name: str) -> None:
        """DELETE /deviceStates/{deviceName}; raises NotFound, Conflict."""
        await self._send("DELETE", path("/deviceStates/{device_name}", device_name=device_name))
