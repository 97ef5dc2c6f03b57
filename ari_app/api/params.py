"""The parameters of a request, read and checked one by one with Twilio's error codes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from ari_app.api.ports import ApiError
from ari_app.model import Endpoint, HttpMethod

_MAX_FIELDS = 1000
_MAX_URL = 4096
_HOST = re.compile(r"[A-Za-z0-9.~\-]+|\[[0-9A-Fa-f:.%]+\]")
_FORM = ("application/x-www-form-urlencoded", "application/octet-stream")  # the latter: unnamed
#: Seconds a client may take to send its body.
_BODY_TIME = 30.0
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class Params:
    """Form or query parameters; keys are Twilio's, the last of repeated keys counts."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for key, value in pairs:
            self._values.setdefault(key, []).append(value)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def given(self, keys: Iterable[str]) -> list[str]:
        """Return those of ``keys`` that were sent with a value."""
        return [key for key in keys if self.text(key)]

    def text(self, key: str) -> str | None:
        """Return the value as sent, or None when the key is absent."""
        values = self._values.get(key)
        return values[-1] if values else None

    def all(self, key: str) -> list[str]:
        """Return every value of a repeated key."""
        return self._values.get(key, [])

    def number(
        self, key: str, default: int, *, least: int, most: int, code: int, clamp: bool = False
    ) -> int:
        """Return a whole number in ``least``…``most`` (``clamp``: cut to it instead of failing)."""
        text = self.text(key)
        if not text:
            return default
        if not re.fullmatch(r"\s*-?[0-9]{1,9}\s*", text):
            raise ApiError(400, code, f"{key} must be a whole number")
        value = int(text)
        if clamp:
            return max(least, min(most, value))
        if not least <= value <= most:
            raise ApiError(400, code, f"{key} must be between {least} and {most}")
        return value

    def method(self, key: str, code: int) -> HttpMethod:
        """Return GET or POST, POST when absent or empty."""
        text = (self.text(key) or "POST").strip().upper()
        if text == "GET":
            return "GET"
        if text == "POST":
            return "POST"
        raise ApiError(400, code, f"{key} is not valid: only GET and POST are")

    def url(self, key: str, code: int) -> str:
        """Return an absolute http(s) URL, or "" when absent or empty."""
        url = (self.text(key) or "").strip()
        if url:
            check_url(url, key, code)
        return url

    def endpoint(self, url_key: str, method_key: str, codes: tuple[int, int]) -> Endpoint | None:
        """Return URL and method as an endpoint; None when there is no URL."""
        url, method = self.url(url_key, codes[0]), self.method(method_key, codes[1])
        return Endpoint(url=url, method=method) if url else None

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a ``true``/``false`` parameter; anything else is the default."""
        text = (self.text(key) or "").strip().lower()
        return text == "true" if text in ("true", "false") else default


def check_url(url: str, name: str, code: int) -> None:
    """Hold ``url`` to what can be fetched: absolute, http(s), with a host.

    An underscore in a host name is refused, as Twilio does. Raises ApiError 400 with ``code``.
    """
    bad = ApiError(400, code, f"{name} is not a valid URL: {url[:200]}")
    if len(url) > _MAX_URL or _CONTROL.search(url):
        raise bad
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        host = host[: host.rindex(":")] if parts.port is not None else host.rstrip(":")
    except ValueError:
        raise bad from None
    if parts.scheme.lower() not in ("http", "https") or parts.hostname is None:
        raise bad
    if not _HOST.fullmatch(host):
        try:
            host.encode("idna")
        except UnicodeError:
            raise bad from None
        if host.isascii():
            raise bad


def query_params(request: web.Request) -> Params:
    """Return the query parameters."""
    return _parse(request.rel_url.raw_query_string)


async def form_params(request: web.Request) -> Params:
    """Return the body's parameters. Raises ApiError 400 for a body that is no form."""
    try:
        async with asyncio.timeout(_BODY_TIME):
            body = await request.read()
    except TimeoutError:
        raise ApiError(408, 20001, "The body did not arrive in time") from None
    except (web.RequestPayloadError, ConnectionError):
        raise ApiError(400, 20001, "The body did not arrive whole") from None
    if not body.strip():
        return Params([])
    if request.content_type not in _FORM:
        raise ApiError(400, 20001, "Send parameters as application/x-www-form-urlencoded")
    try:
        return _parse(body.decode())
    except UnicodeDecodeError:
        raise ApiError(400, 20001, "The body is not UTF-8 text") from None


def _parse(text: str) -> Params:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise ApiError(400, 20001, "A parameter is not UTF-8 text") from None
    except ValueError:
        raise ApiError(400, 20001, "Too many parameters") from None
    if any("\0" in key or "\0" in value for key, value in pairs):
        raise ApiError(400, 20001, "A parameter holds a NUL character")
    return Params(pairs)
