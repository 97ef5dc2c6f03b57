"""Asking a running node how it is (`GET /health`)."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field

from ari_app.settings import Settings


@dataclass(frozen=True)
class Health:
    """Answer of `GET /health`; ``status`` 0 when nobody answered."""

    status: int
    parts: dict[str, object] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the node takes calls."""
        return self.status == 200


def ask(settings: Settings, deadline: float = 3.0) -> Health:
    """Ask once; ``deadline`` in seconds. Never raises for a node that is down."""
    connection = http.client.HTTPConnection(
        settings.host.strip("[]"), settings.http_port, timeout=deadline
    )
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        body = answer.read(65536)
    except (OSError, http.client.HTTPException):
        return Health(0)
    finally:
        connection.close()
    try:
        parts = json.loads(body)
    except ValueError:
        parts = {}
    return Health(answer.status, parts if isinstance(parts, dict) else {})
