"""What every operations class stands on: one request made from its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from ari_app.ari.errors import AriError

T = TypeVar("T")
Value = str | int | bool | Sequence[str] | None


class Requester(Protocol):
    """Sends one request and gives the answer's body; raises AriError."""

    async def request(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None
    ) -> bytes:
        """`path` is percent-encoded and begins behind `/ari`."""
        ...


class Operations:
    """Base of the generated classes."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Value] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        await self._download(method, path, query=query, body=body)

    async def _fetch(
        self,
        result: type[T],
        method: str,
        path: str,
        *,
        query: Mapping[str, Value] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> T:
        answer = await self._download(method, path, query=query, body=body)
        try:
            return msgspec.json.decode(answer, type=result)
        except msgspec.DecodeError as error:
            raise AriError(method, path, 200, f"unreadable answer: {error}") from error

    async def _download(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Value] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> bytes:
        present = {k: text(v) for k, v in (query or {}).items() if v is not None}
        content = {k: v for k, v in (body or {}).items() if v is not None}
        payload = msgspec.json.encode(content) if content else None
        return await self._requester.request(method, path, present, payload)


def text(value: str | int | bool | Sequence[str]) -> str:
    """A query value as ARI reads it: `true`/`false`, lists joined by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    return ",".join(value)


def path(template: str, **parts: str) -> str:
    """Fill a path; each part is percent-encoded whole, slashes too."""
    return template.format_map({k: quote(v, safe="") for k, v in parts.items()})
