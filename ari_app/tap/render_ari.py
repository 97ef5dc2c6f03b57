"""ARI on the wire → items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

import msgspec

from ari_app.ari.trace import Asked
from ari_app.debug.events import event_item
from ari_app.debug.record import Item
from ari_app.tap.index import Index
from ari_app.tap.mask import masked

#: Polled for the statistics of a live screen: they are told as such, not as requests.
_STATISTICS = "/rtp_statistics"
_MOST_BODY = 20_000
#: The manager interface says a failure in its text, with status 200.
_MANAGER = "/rawman "
_FAILED = re.compile(r"Response: Error\b.*?^Message: ([^\r\n]*)", re.DOTALL | re.MULTILINE)


def asked(index: Index, at: float, request: Asked) -> Iterator[Item]:
    """A request to Asterisk."""
    if request.path.endswith(_STATISTICS):
        return
    channel, bridge = _subjects(request)
    yield Item(
        at=at,
        source="ari",
        kind="request",
        type=f"{request.method} {unquote(request.path)}",
        channel=channel,
        bridge=bridge,
        call=index.call_of(channel, bridge, *request.query.values(), request.path),
        data={"number": request.number, **_content(request)},
    )


def answered(
    index: Index, at: float, request: Asked, status: int, body: bytes, seconds: float
) -> Iterator[Item]:
    """What Asterisk answered."""
    channel, bridge = _subjects(request)
    call = index.call_of(channel, bridge, *request.query.values(), request.path)
    content = masked(_decoded(body)) if len(body) <= _MOST_BODY else {"bytes": len(body)}
    if request.path.endswith(_STATISTICS):
        if status == 200:
            yield Item(
                at=at,
                source="asterisk",
                kind="rtp",
                type="statistics",
                channel=channel,
                call=call,
                data=content,
            )
        return
    yield Item(
        at=at,
        source="ari",
        kind="answer",
        type=f"{request.method} {unquote(request.path)}",
        channel=channel,
        bridge=bridge,
        call=call,
        ms=round(seconds * 1000, 3),
        status=status,
        error=_error(status, content),
        data={"number": request.number, "answer": content},
    )


def event(index: Index, at: float, message: str | bytes) -> Iterator[Item]:
    """An event of Asterisk, whole."""
    raw = _decoded(message if isinstance(message, bytes) else message.encode())
    if not isinstance(raw, dict):
        yield Item(at=at, source="ari", kind="note", type="unreadable", data={"text": str(raw)})
        return
    item = event_item(raw, at=at, source="ari")
    item.call = index.call_of(item.channel, item.bridge, *item.linked)
    item.data = masked(raw)
    yield item


def _subjects(request: Asked) -> tuple[str, str]:
    """Channel and bridge that a request is about."""
    if request.path.startswith(_MANAGER):
        return request.query.get("Channel", ""), ""
    parts = [unquote(part) for part in request.path.split("/")]
    ids = dict(pairwise(parts))
    channel = ids.get("channels", "")
    if channel in ("externalMedia", "create", ""):
        channel = request.query.get("channelId") or request.query.get("channel") or ""
    if "snoop" in ids:
        channel = ids["snoop"]
    return channel, ids.get("bridges", "")


def _content(request: Asked) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if request.query:
        content["query"] = masked(dict(request.query))
    if request.body:
        content["body"] = masked(_decoded(request.body))
    return content


def _decoded(body: bytes) -> Any:
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body[:_MOST_BODY].decode(errors="replace")


def _error(status: int, content: Any) -> str:
    if not 200 <= status < 300:
        return _reason(content)
    failed = _FAILED.match(content) if isinstance(content, str) else None
    return failed[1] if failed else ""


def _reason(content: Any) -> str:
    if isinstance(content, dict):
        return str(content.get("message") or content.get("error") or content)
    return str(content or "no answer")
