"""Requests to `/endpoints`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ari_app.ari.models import (
    Endpoint,
)
from ari_app.ari.operations.base import Operations, path


class Endpoints(Operations):
    """Requests to `/endpoints`."""

    async def list(self) -> Sequence[Endpoint]:
        """GET /endpoints."""
        return await self._fetch(list[Endpoint], "GET", "/endpoints")

    async def send_message(
        self,
        *,
        to: str,
        from_: str,
        body: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """PUT /endpoints/sendMessage; raises BadRequest, NotFound."""
        await self._send(
            "PUT",
            "/endpoints/sendMessage",
            query={"to": to, "from": from_, "body": body},
            body={"variables": variables},
        )

    async def refer(
        self,
        *,
        to: str,
        from_: str,
        refer_to: str,
        to_self: bool | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """POST /endpoints/refer; raises BadRequest, NotFound."""
        await self._send(
            "POST",
            "/endpoints/refer",
            query={"to": to, "from": from_, "refer_to": refer_to, "to_self": to_self},
            body={"variables": variables},
        )

    async def list_by_tech(self, tech: str) -> Sequence[Endpoint]:
        """GET /endpoints/{tech}; raises NotFound."""
        return await self._fetch(list[Endpoint], "GET", path("/endpoints/{tech}", tech=tech))

    async def get(self, tech: str, resource: str) -> Endpoint:
        """GET /endpoints/{tech}/{resource}; raises BadRequest, NotFound."""
        return await self._fetch(
            Endpoint, "GET", path("/endpoints/{tech}/{resource}", tech=tech, resource=resource)
        )

    async def send_message_to_endpoint(
        self,
        tech: str,
        resource: str,
        *,
        from_: str,
        body: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """PUT /endpoints/{tech}/{resource}/sendMessage; raises BadRequest, NotFound."""
        await self._send(
            "PUT",
            path("/endpoints/{tech}/{resource}/sendMessage", tech=tech, resource=resource),
            query={"from": from_, "body": body},
            body={"variables": variables},
        )

    async def refer_to_endpoint(
        self,
        tech: str,
        resource: str,
        *,
        from_: str,
        refer_to: str,
        to_self: bool | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """POST /endpoints/{tech}/{resource}/refer; raises BadRequest, NotFound."""
        await self._send(
            "POST",
            path("/endpoints/{tech}/{resource}/refer", tech=tech, resource=resource),
            query={"from": from_, "refer_to": refer_to, "to_self": to_self},
            body={"variables": variables},
        )
