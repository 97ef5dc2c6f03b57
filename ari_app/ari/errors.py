"""What a request to Asterisk can end in; the names are those of the HTTP statuses."""
# ruff: noqa: N818

from __future__ import annotations


class AriError(Exception):
    """Asterisk refused a request, or did not answer it (status 0)."""

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        super().__init__(method, path, status, message)
        self.method = method
        self.path = path
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status or 'no answer'} {self.message}".rstrip()


class BadRequest(AriError):
    """400: an argument is missing or wrong."""


class Unauthorized(AriError):
    """401: user or password is wrong."""


class Forbidden(AriError):
    """403: the user may only read."""


class NotFound(AriError):
    """404: gone already, or never there. Normal when a hangup crosses a caller's own."""


class Conflict(AriError):
    """409: not in a Stasis application, or the id is taken."""


class PreconditionFailed(AriError):
    """412: the channel is in the wrong state."""


class Unprocessable(AriError):
    """422: understood, and not possible now."""


class Unavailable(AriError):
    """No usable answer: not connected, cut off, too late (status 0), or still starting (503)."""


_BY_STATUS: dict[int, type[AriError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    422: Unprocessable,
}


def error_for(method: str, path: str, status: int, message: str) -> AriError:
    """The error of a status ≥ 300 (or 0)."""
    kind = Unavailable if status in (0, 502, 503, 504) else _BY_STATUS.get(status, AriError)
    return kind(method, path, status, message)
