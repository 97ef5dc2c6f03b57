"""A webhook's request, answer and failure, as callers see them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ari_app.failures import Retryable
from ari_app.http.cookies import CookieStore
from ari_app.http.failures import WebhookError
from ari_app.http.sign import Params
from ari_app.model import HttpMethod
from ari_app.urls import safe


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One logical request; redirects, challenges and retries are part of it.

    ``expect_document``: an empty or overlong body is an error. ``idempotency_token`` is made
    when empty; give it when a request goes on after a restart.
    """

    url: str
    method: HttpMethod = "POST"
    params: Params = field(default_factory=dict)
    auth_token: str
    call_sid: str | None = None
    cookies: CookieStore | None = None
    expect_document: bool = False
    idempotency_token: str = ""


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """A good answer. ``url`` is the last hop's, without the parameters a GET appends.

    It keeps userinfo, so that relative URLs in the document reach the same account.
    ``duration`` is seconds from the first try to the last byte.
    """

    status: int
    url: str
    content_type: str | None
    body: bytes
    duration: float


def failure(
    request: WebhookRequest,
    code: int,
    text: str,
    *,
    status: int | None = None,
    retryable: Retryable | None = None,
) -> WebhookError:
    """The error with its message: method, URL without userinfo, cause."""
    url = safe(request.url)
    return WebhookError(
        code,
        f"{request.method} {url}: {text}",
        url=url,
        method=request.method,
        status=status,
        retryable=retryable,
    )
