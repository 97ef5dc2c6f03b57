"""Every failure as Twilio's error JSON, whoever raised it.

Twilio: "Error and warning dictionary", REST error body. ``{code, message, more_info, status}``,
``status`` equal to the HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from aiohttp import web

from ari_app.api.ports import ApiError
from ari_app.errors import PageTokenError, StoreUnavailable, UnknownRecordError

log = structlog.get_logger(__name__)

#: Twilio's number for a bare HTTP status.
_CODES = {401: 20003, 403: 20006, 404: 20404, 405: 20004, 409: 20409, 429: 20429, 503: 20503}


def not_found(path: str) -> ApiError:
    """Return Twilio's 404 for a path, word for word: apps compare it."""
    return ApiError(404, 20404, f"The requested resource {path[:512]} was not found")


def json_response(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a JSON answer."""
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers=headers,
    )


def error_response(
    status: int, code: int, message: str, headers: Mapping[str, str] | None = None, **more: Any
) -> web.Response:
    """Return Twilio's error JSON; ``more`` adds keys such as ``detail``."""
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
        **more,
    }
    return json_response(body, status, headers)


def answer_for(request: web.BaseRequest, error: Exception) -> web.Response:
    """Return the answer for what a handler raised; the unexpected is logged, never shown."""
    if isinstance(error, ApiError):
        return error_response(error.status, error.code, error.message)
    if isinstance(error, UnknownRecordError):
        return error_response(404, 20404, not_found(request.path).message)
    if isinstance(error, PageTokenError):
        return error_response(400, 20001, "PageToken is not valid")
    if isinstance(error, StoreUnavailable):
        log.warning("request refused, store unavailable", error=str(error))
        headers = {"Retry-After": "1"}
        return error_response(503, 20503, "Service unavailable, try again later", headers)
    if isinstance(error, web.HTTPException):
        return _from_aiohttp(request, error)
    log.error("request failed", exc_info=error)
    return error_response(500, 20500, "An internal server error has occurred")


def _from_aiohttp(request: web.BaseRequest, error: web.HTTPException) -> web.Response:
    status = error.status
    if status < 400 or status == 404:  # nothing here redirects on purpose
        return error_response(404, 20404, not_found(request.path).message)
    if status == 405:
        allowed = {"Allow": error.headers.get("Allow", "")}
        return error_response(405, 20004, "Method not allowed", allowed)
    code = _CODES.get(status, 20001 if status < 500 else 20500)
    return error_response(status, code, error.reason)
