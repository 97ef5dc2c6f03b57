"""One logical request on its way: hop by hop, through cache, signature and redirects."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import aiohttp

from ari_app.errors import TwilioError
from ari_app.failures import Retryable, explain
from ari_app.http.cache import DocumentCache
from ari_app.http.exchange import Answer, BrokenBodyError, exchange
from ari_app.http.failures import WebhookError
from ari_app.http.overrides import Limits
from ari_app.http.request import WebhookRequest, failure
from ari_app.http.sign import Params, signature
from ari_app.http.target import Target, encode
from ari_app.model import HttpMethod
from ari_app.urls import safe

_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_REDIRECTS = (301, 302, 303, 307)


class Hops:
    """The tries of one logical request: same token, same bounds."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        cache: DocumentCache,
        request: WebhookRequest,
        target: Target,
        limits: Limits,
    ) -> None:
        self._session = session
        self._cache = cache
        self._request = request
        self._limits = limits
        self._first = self._hop = target
        self._token = request.idempotency_token or str(uuid.uuid4())

    async def follow(self) -> tuple[Answer, str]:
        """Go along the redirects; return the final answer and its URL."""
        target, method = self._first, self._request.method
        params = _clean(self._request.params)
        for _ in range(self._limits.redirects + 1):
            self._hop = target
            answer = await self._ask(method, target, params)
            if not 300 <= answer.status < 400:
                self._judge(answer)
                return answer, target.signed
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                text = f"answered {answer.status} {'' if location else 'without Location'}"
                raise self._failure(11216, text.rstrip(), status=answer.status)
            try:
                target = target.join(location)
            except (TwilioError, ValueError) as error:
                text = f"redirects to an invalid URL {safe(location)}"
                raise self._failure(11100, text, status=answer.status) from error
            # What was posted is not sent again (Twilio); 307 keeps its method (RFC 9110).
            method, params = (method if answer.status == 307 else "GET"), {}
        raise self._failure(11215, f"more than {self._limits.redirects} redirects")

    async def _ask(self, method: HttpMethod, target: Target, params: Params) -> Answer:
        """One hop, through the cache when it is a GET."""
        if method == "GET":
            return await self._get(target.with_query(params))
        headers = {
            "Content-Type": _FORM,
            "X-Twilio-Signature": signature(self._request.auth_token, target.signed, params),
        }
        return await self._exchange("POST", target, encode(params).encode(), headers)

    async def _get(self, target: Target) -> Answer:
        headers = {
            "Content-Type": _FORM,
            "X-Twilio-Signature": signature(self._request.auth_token, target.signed),
        }
        key = (self._request.auth_token, target.signed)
        kept = self._cache.get(key)
        if kept is not None:
            if self._cache.fresh(kept):
                return kept.answer
            headers |= kept.conditions
        answer = await self._exchange("GET", target, None, headers)
        if kept is not None and answer.status == 304:
            self._cache.renew(key, kept, answer.headers)
            return kept.answer
        if answer.status == 200 and not answer.cut:
            self._cache.keep(key, answer)
        return answer

    async def _exchange(
        self, method: str, target: Target, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send one request; failures below HTTP become WebhookError."""
        common = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "I-Twilio-Idempotency-Token": self._token,
        }
        try:
            return await exchange(
                self._session,
                method,
                target,
                body=body,
                headers={**common, **headers},
                limits=self._limits,
                cookies=self._request.cookies,
            )
        except BrokenBodyError as error:
            cause = explain(error.__cause__ or error)
            raise self._failure(cause.code, cause.text) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            cause = explain(error)
            raise self._failure(cause.code, cause.text, retryable=cause.retryable) from error

    def _judge(self, answer: Answer) -> None:
        """Refuse 4xx, 5xx and, for documents, a body that is none."""
        if answer.status >= 400 or answer.status < 200:
            retryable: Retryable = "4xx" if answer.status < 500 else "5xx"
            text = f"answered {answer.status}"
            raise self._failure(11200, text, status=answer.status, retryable=retryable)
        if not self._request.expect_document:
            return
        # Audio is played from its URL; its bytes are no document, so their number is free.
        audio = (answer.content_type or "").lower().startswith("audio/")
        if answer.cut and not audio:
            text = f"the body is over {self._limits.body} bytes"
            raise self._failure(11750, text, status=answer.status)
        if not answer.body:
            text = f"answered {answer.status} with an empty body"
            raise self._failure(11770, text, status=answer.status)

    def _failure(
        self,
        code: int,
        text: str,
        *,
        status: int | None = None,
        retryable: Retryable | None = None,
    ) -> WebhookError:
        if self._hop is not self._first:
            text = f"redirected to {safe(self._hop.signed)}: {text}"
        return failure(self._request, code, text, status=status, retryable=retryable)


def _clean(params: Params) -> Params:
    """Replace what UTF-8 cannot carry (lone surrogates from a broken SIP header)."""

    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    return {
        clean(name): clean(value) if isinstance(value, str) else [clean(item) for item in value]
        for name, value in params.items()
    }
