"""Requests to `/applications`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""
# ruff: noqa: A002

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ari_app.ari.models import (
    Application,
)
from ari_app.ari.operations.base import Operations, path


class Applications(Operations):
    """Requests to `/applications`."""

    async def list(self) -> Sequence[Application]:
        """GET /applications."""
        return await self._fetch(list[Application], "GET", "/applications")

    async def get(self, application_name: str) -> Application:
        """GET /applications/{applicationName}; raises NotFound."""
        return await self._fetch(
            Application,
            "GET",
            path("/applications/{application_name}", application_name=application_name),
        )

    async def subscribe(
        self, application_name: str, *, event_source: str | Sequence[str]
    ) -> Application:
        """POST /applications/{applicationName}/subscription.

        Raises BadRequest, NotFound, Unprocessable.
        """
        return await self._fetch(
            Application,
            "POST",
            path(
                "/applications/{application_name}/subscription", application_name=application_name
            ),
            query={"eventSource": event_source},
        )

    async def unsubscribe(
        self, application_name: str, *, event_source: str | Sequence[str]
    ) -> Application:
        """DELETE /applications/{applicationName}/subscription.

        Raises BadRequest, NotFound, Conflict, Unprocessable.
        """
        return await self._fetch(
            Application,
            "DELETE",
            path(
                "/applications/{application_name}/subscription", application_name=application_name
            ),
            query={"eventSource": event_source},
        )

    async def filter(
        self, application_name: str, *, filter: dict[str, Any] | None = None
    ) -> Application:
        """PUT /applications/{applicationName}/eventFilter; raises BadRequest, NotFound."""
        return await self._fetch(
            Application,
            "PUT",
            path("/applications/{application_name}/eventFilter", application_name=application_name),
            body=filter,
        )
