"""Counts and times of HTTP requests for Prometheus.

Labels hold route templates, methods and status classes only: never a SID, number or URL, which
would tell on callers and grow without bound.
"""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

_METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"})
_LABELS = ("method", "route", "status")


class HttpMetrics:
    """The API's own metrics, and the page that shows all of a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._count = Counter(
            "ariswitch_http_requests", "Requests to the HTTP API", _LABELS, registry=registry
        )
        self._seconds = Histogram(
            "ariswitch_http_request_seconds",
            "Time to answer a request to the HTTP API",
            ("method", "route"),
            registry=registry,
        )

    def observe(self, request: web.Request, status: int, seconds: float | None) -> None:
        """Count one answered request; None for one whose time says nothing."""
        method = request.method if request.method in _METHODS else "other"
        route = _template(request)
        self._count.labels(method, route, f"{status // 100}xx").inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)

    async def show(self, _request: web.Request) -> web.Response:
        """``GET /metrics``."""
        return web.Response(
            body=generate_latest(self._registry),
            headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4},
        )


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "unmatched" if resource is None else resource.canonical.replace("{suffix}", "")
