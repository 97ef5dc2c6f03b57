"""A webhook's failure, as its callers see it."""

from __future__ import annotations

from ari_app.errors import TwilioError
from ari_app.failures import Retryable


class WebhookError(TwilioError):
    """A webhook failed. ``status`` is the HTTP status when the server answered with one."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        url: str,
        method: str,
        status: int | None = None,
        retryable: Retryable | None = None,
    ) -> None:
        super().__init__(code, message)
        self.url = url
        self.method = method
        self.status = status
        self.retryable = retryable
