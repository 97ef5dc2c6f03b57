"""Signed requests to a customer's URLs, as Twilio sends them.

Twilio: TwiML voice requests, Webhooks security, connection overrides. Everything is bounded:
time, redirects, tries, bytes, cookies, cache. Every failure is a TwilioError that names the
method, the URL (never its password) and the cause.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import aiohttp
import structlog

from ari_app.errors import TwilioError
from ari_app.http.cache import DocumentCache
from ari_app.http.cookies import CookieStore
from ari_app.http.failures import WebhookError
from ari_app.http.hops import Hops
from ari_app.http.overrides import Limits, apply_overrides
from ari_app.http.request import WebhookRequest, WebhookResponse, failure
from ari_app.http.sign import Params
from ari_app.http.target import parse
from ari_app.model import Endpoint

log = structlog.get_logger(__name__)

__all__ = ["Conversation", "WebhookRequest", "WebhookResponse", "Webhooks"]


class Trace(Protocol):
    """Sees each webhook as it goes and as it comes back. Must neither wait nor raise."""

    def webhook(self, request: WebhookRequest) -> None:
        """A request is being sent."""

    def webhook_answer(
        self, request: WebhookRequest, outcome: WebhookResponse | WebhookError, seconds: float
    ) -> None:
        """It was answered, or failed for good."""


class Webhooks:
    """Sends webhooks over one session (see ``guarded_session``); ``trace`` looks on."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        limits: Limits | None = None,
        cache: DocumentCache | None = None,
        retry_pause: float = 0.2,
        trace: Trace | None = None,
    ) -> None:
        self._session = session
        self._trace = trace
        self._limits = limits or Limits()
        self._cache = cache or DocumentCache()
        self._retry_pause = retry_pause

    def conversation(self, *, auth_token: str, call_sid: str) -> Conversation:
        """Begin the HTTP side of one call: its requests share cookies."""
        return Conversation(self, auth_token, call_sid)

    async def send(self, request: WebhookRequest) -> WebhookResponse:
        """Send and return the answer (2xx); raises WebhookError with a code of the 112xx family.

        11100 bad URL, 11200 4xx/5xx, 11201-11206 connection and time, 11210 DNS, 11215/11216
        redirects, 11220-11237 TLS, 11243 bad override, 11750/11770 size of a document.
        """
        if self._trace is None:
            return await self._send(request)
        started = time.monotonic()
        self._trace.webhook(request)
        try:
            answer = await self._send(request)
        except WebhookError as error:
            self._trace.webhook_answer(request, error, time.monotonic() - started)
            raise
        self._trace.webhook_answer(request, answer, answer.duration)
        return answer

    async def _send(self, request: WebhookRequest) -> WebhookResponse:
        started = time.monotonic()
        try:
            target = parse(request.url)
            limits = apply_overrides(self._limits, target.fragment)
        except TwilioError as error:
            raise failure(request, error.code, error.message) from None
        run = Hops(self._session, self._cache, request, target, limits)
        last: WebhookError | None = None
        try:
            async with asyncio.timeout(limits.total):
                for tries_left in range(limits.retries, -1, -1):
                    try:
                        answer, final = await run.follow()
                        break
                    except WebhookError as error:
                        if not tries_left or error.retryable not in limits.retry_on:
                            raise
                        last = error
                        log.debug("webhook.retry", call_sid=request.call_sid, cause=error.message)
                        await asyncio.sleep(self._retry_pause)
        except TimeoutError:
            text = f"no answer within {limits.total:g} s"
            if last is not None:
                text += f"; the try before: {last.message}"
            raise failure(request, 11203, text, retryable="rt") from None
        duration = time.monotonic() - started
        return WebhookResponse(answer.status, final, answer.content_type, answer.body, duration)


class Conversation:
    """One call's requests to its customer; cookies are kept between them."""

    def __init__(self, webhooks: Webhooks, auth_token: str, call_sid: str) -> None:
        self._webhooks = webhooks
        self._auth_token = auth_token
        self._call_sid = call_sid
        self.cookies = CookieStore()

    async def ask(self, endpoint: Endpoint, params: Params) -> WebhookResponse:
        """Fetch one document, no fallback; raises WebhookError."""
        return await self._webhooks.send(
            WebhookRequest(
                url=endpoint.url,
                method=endpoint.method,
                params=params,
                auth_token=self._auth_token,
                call_sid=self._call_sid,
                cookies=self.cookies,
                expect_document=True,
            )
        )
