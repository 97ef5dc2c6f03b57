"""Where the app's rooms tell what they do: one append each, nothing else.

Rendering, masking and joining ids to calls are left to who reads: see `server`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ari_app.ari.trace import Asked
from ari_app.call.trace import State
from ari_app.http.failures import WebhookError
from ari_app.http.request import WebhookRequest, WebhookResponse
from ari_app.model import CallRecord
from ari_app.tap import render, render_ari
from ari_app.tap.index import Index
from ari_app.tap.ring import Ring
from stream import control
from twiml import Verb

#: Bytes of a stream's counters, roughly.
_STATS = 600


class Tap:
    """Implements the ``Trace`` of every room. ``items`` and ``size`` (bytes) bound its memory."""

    def __init__(self, items: int = 20_000, size: int = 16 * 1024 * 1024) -> None:
        #: Marks this memory (unix seconds): entries are numbered from 1 in each.
        self.started = time.time()
        self.ring = Ring(items, size)
        self.index = Index(items)

    def asked(self, request: Asked) -> None:
        """A request to Asterisk."""
        size = len(request.path) + len(request.body or b"") + _size(request.query)
        self.ring.add(size, render_ari.asked, request)

    def answered(self, request: Asked, status: int, body: bytes, seconds: float) -> None:
        """Its answer."""
        self.ring.add(len(body), render_ari.answered, request, status, body, seconds)

    def event(self, message: str | bytes) -> None:
        """An event of Asterisk."""
        self.ring.add(len(message), render_ari.event, message)

    def webhook(self, request: WebhookRequest) -> None:
        """A webhook is being sent."""
        self.ring.add(len(request.url) + _size(request.params), render.webhook, request)

    def webhook_answer(
        self, request: WebhookRequest, outcome: WebhookResponse | WebhookError, seconds: float
    ) -> None:
        """It was answered, or failed for good."""
        size = len(outcome.body) if isinstance(outcome, WebhookResponse) else len(outcome.message)
        self.ring.add(size, render.webhook_answer, request, outcome, seconds)

    def call(self, record: CallRecord, event: str) -> None:
        """A call begins or is in a new state."""
        self.index.learn(record.channel_id, record.sid)
        self.ring.add(0, render.call, record, event)

    def refused(self, channel_id: str, sip_call_id: str, status: int, reason: str) -> None:
        """A caller was turned away."""
        self.ring.add(len(reason), render.refused, channel_id, sip_call_id, status, reason)

    def verb(self, call_sid: str, verb: Verb, state: State, *, nested: bool) -> None:
        """A verb begins or is over."""
        self.ring.add(0, render.verb, call_sid, verb, state, nested)

    def problem(self, call_sid: str, code: int, message: str, url: str) -> None:
        """A problem was reported."""
        self.ring.add(len(message), render.problem, call_sid, code, message, url)

    def stream_command(self, command: control.Open | control.Stop | control.Dtmf) -> None:
        """A worker is told."""
        if isinstance(command, control.Open):
            self.index.learn(command.stream_sid, command.call_sid)
        self.ring.add(0, render.stream_command, command)

    def stream_event(self, event: control.StreamEvent) -> None:
        """A worker has told."""
        self.ring.add(0, render.stream_event, event)

    def stream_measured(self, measured: control.Measured) -> None:
        """A worker's counters of all its streams, in one entry."""
        self.ring.add(len(measured.streams) * _STATS, render.stream_measured, measured)


def _size(values: Mapping[str, Any]) -> int:
    return sum(len(key) + len(value) for key, value in values.items())
