"""What goes over the wire between the client and Asterisk, for who watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Asked(NamedTuple):
    """One request to Asterisk. ``path`` begins behind ``/ari``; ``number`` counts from 1.

    One to the manager interface has ``/rawman`` and its action as path, its fields as query.
    """

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes | None


class Trace(Protocol):
    """Sees requests, answers and events as they are. Must neither wait nor raise."""

    def asked(self, request: Asked) -> None:
        """A request is being sent."""

    def answered(self, request: Asked, status: int, body: bytes, seconds: float) -> None:
        """Its answer came; status 0: none did, and ``body`` says why."""

    def event(self, message: str | bytes) -> None:
        """A message came over the event WebSocket."""
