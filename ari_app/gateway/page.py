"""What others may know of a gateway, by HTTP: ``/metrics`` and ``/health``, and nothing else.

OpenSIPS has one listener for its metrics and its management interface, which stays on loopback.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
import structlog
from aiohttp import web

from ari_app.gateway.errors import GatewayError, MiError
from ari_app.gateway.mi import TIMEOUT, Mi

log = structlog.get_logger(__name__)


class Page:
    """The two answers, each asked of OpenSIPS anew. ``metrics_url`` is OpenSIPS's own page."""

    def __init__(self, session: aiohttp.ClientSession, mi: Mi, metrics_url: str) -> None:
        self._session = session
        self._mi = mi
        self._metrics_url = metrics_url

    async def metrics(self, _request: web.Request) -> web.Response:
        """``GET /metrics``: what OpenSIPS counts, for Prometheus; 503 when it does not answer."""
        try:
            async with self._session.get(self._metrics_url, raise_for_status=True) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("gateway.metrics_unread", error=repr(error))
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.Response(text=text)

    async def health(self, _request: web.Request) -> web.Response:
        """``GET /health``: 200 only when OpenSIPS answers and a node takes calls."""
        try:
            nodes = await self._mi.lb_list()
        except MiError as error:
            return web.json_response({"status": "unavailable", "error": str(error)}, status=503)
        taking = sum(node.enabled and node.max > 0 for node in nodes)
        body = {
            "status": "ok" if taking else "unavailable",
            "nodes": len(nodes),
            "taking_calls": taking,
        }
        return web.json_response(body, status=200 if taking else 503)


@asynccontextmanager
async def serving(address: str | None, mi_url: str) -> AsyncIterator[None]:
    """Serve both at ``address`` (``host:port``; None: nowhere) while the block runs.

    Raises GatewayError when it cannot listen there.
    """
    if address is None:
        yield
        return
    host, _, port = address.rpartition(":")
    timeout = aiohttp.ClientTimeout(TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout) as session, Mi.connect(mi_url) as mi:
        page = Page(session, mi, mi_url.removesuffix("/mi") + "/metrics")
        app = web.Application()
        app.add_routes([web.get("/metrics", page.metrics), web.get("/health", page.health)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, int(port)).start()
            except OSError as error:
                raise GatewayError(f"metrics cannot be served at {address}: {error}") from error
            yield
        finally:
            await runner.cleanup()
