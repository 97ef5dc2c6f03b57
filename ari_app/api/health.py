"""``GET /health`` for load balancers and people."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from ari_app.api.errors import json_response
from ari_app.api.ports import Health

log = structlog.get_logger(__name__)

#: Seconds after which a part that does not answer counts as down.
_PATIENCE = 5.0


class HealthPage:
    """Answers 200 only when every part answers and the node takes new calls."""

    def __init__(self, health: Health) -> None:
        self._health = health

    async def show(self, _request: web.Request) -> web.Response:
        """``GET /health``: 200 or 503, and JSON with each part."""
        try:
            async with asyncio.timeout(_PATIENCE):
                parts = dict(await self._health())
        except Exception as error:
            # Whatever keeps the check itself from working, the node is not fit for calls.
            log.warning("health check failed", error=repr(error))
            return json_response({"status": "unavailable", "draining": False, "parts": {}}, 503)
        draining = parts.pop("draining", False)
        well = all(parts.values())
        status = "draining" if draining else "ok" if well else "unavailable"
        body = {"status": status, "draining": draining, "parts": parts}
        return json_response(body, 200 if well and not draining else 503)
