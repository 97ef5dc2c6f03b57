"""How the API refuses, and how it asks after health."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

#: Tells of each part ("asterisk", "store", "bus", "stream", …) whether it answers, and under
#: the key "draining" whether the node takes no new calls any more.
Health = Callable[[], Awaitable[dict[str, bool]]]


class ApiError(Exception):
    """A refusal as Twilio words it: HTTP ``status``, Twilio's ``code``, and a ``message``."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
