"""Errors and warnings of calls: one log line and one Notification each.

Twilio: Notification resource and error dictionary. A call may not fill the store: past
``MAX_PER_CALL`` its problems are counted, and only logged.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from ari_app.call.journal import Journal
from ari_app.call.ports import NotificationStore
from ari_app.call.trace import Trace
from ari_app.errors import describe
from ari_app.model import Notification
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

MAX_PER_CALL = 100


class Memory(Protocol):
    """Where problems are kept, and the clock."""

    @property
    def notifications(self) -> NotificationStore:
        """Keeps them."""

    @property
    def now(self) -> Callable[[], datetime]:
        """Tells the time (UTC)."""

    @property
    def trace(self) -> Trace:
        """Who watches the calls."""


class Problems:
    """The problems of one call."""

    def __init__(
        self, services: Memory, journal: Journal, *, account_sid: str, call_sid: str
    ) -> None:
        self._services = services
        self._journal = journal
        self._account_sid = account_sid
        self._call_sid = call_sid
        #: How many were reported, told or only counted.
        self.count = 0

    def report(self, code: int, message: str, *, url: str = "", method: str = "") -> None:
        """Log a problem with its Twilio code and keep it as a Notification."""
        self.count += 1
        self._services.trace.problem(self._call_sid, code, message, url)
        info = describe(code)
        emit = log.error if info.level == "error" else log.warning
        emit(
            "call.problem",
            call_sid=self._call_sid,
            code=code,
            message=message,
            likely_cause=info.likely_cause,
            **({"url": url, "method": method} if url else {}),
        )
        if self.count > MAX_PER_CALL:
            return
        notification = Notification(
            sid=new_sid("NO"),
            account_sid=self._account_sid,
            call_sid=self._call_sid,
            error_code=code,
            log="0" if info.level == "error" else "1",
            message=message,
            request_url=url,
            request_method=method,
            date_created=self._services.now(),
        )
        self._journal.later(lambda: self._services.notifications.add(notification))
