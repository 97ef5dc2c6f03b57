"""Lists as Twilio pages them.

Fact 17: beside the paging keys the JSON holds exactly one key, or the official clients fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from ari_app.api.errors import json_response
from ari_app.api.params import Params
from ari_app.api.ports import ApiError
from ari_app.model import Page, PageRequest, Span

T = TypeVar("T")

_PAGING = ("Page", "PageSize", "PageToken")


def page_request(params: Params) -> PageRequest:
    """Read PageSize (1…1000, default 50), Page and PageToken. Raises ApiError 400/20007."""
    return PageRequest(
        size=params.number("PageSize", 50, least=1, most=1000, code=20007),
        number=params.number("Page", 0, least=0, most=10**6, code=20007),
        token=params.text("PageToken") or None,
    )


def page_of(items: Sequence[T], request: PageRequest) -> Page[T]:
    """Cut one page out of a list that is held in memory; the page number says which."""
    start = request.number * request.size
    end = start + request.size
    return Page(
        items=tuple(items[start:end]),
        number=request.number,
        size=request.size,
        next_token=f"PA{end:x}" if end < len(items) else None,
        previous_token=f"PB{start:x}" if start else None,
    )


def list_response(
    request: web.Request, key: str, page: Page[T], show: Callable[[T], object]
) -> web.Response:
    """Return the list JSON of one page under ``key``."""

    def uri(number: int, token: str | None = None) -> str:
        paging = {"PageSize": str(page.size), "Page": str(number)}
        if token is not None:
            paging["PageToken"] = token
        return f"{request.path}?{urlencode([*filters, *paging.items()])}"

    pairs = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
    filters = [(name, value) for name, value in pairs if name not in _PAGING]
    following, previous = page.next_token, page.previous_token
    start = page.number * page.size
    return json_response(
        {
            key: [show(item) for item in page.items],
            "end": start + max(len(page.items) - 1, 0),
            "first_page_uri": uri(0),
            "next_page_uri": uri(page.number + 1, following) if following else None,
            "page": page.number,
            "page_size": page.size,
            "previous_page_uri": uri(max(page.number - 1, 0), previous) if previous else None,
            "start": start,
            "uri": uri(page.number, request.query.get("PageToken")),
        }
    )


def span(params: Params, name: str) -> Span:
    """Read ``Name``, ``Name<`` and ``Name>`` as a span of time, ends included.

    A plain date means the whole day for ``Name`` and its midnight for the inequalities (Twilio:
    Call list filters). Raises ApiError 400/20001 for text that is no date.
    """
    since = until = None
    if exact := params.text(name):
        since = _moment(name, exact)
        whole = timedelta(days=1) if len(exact.strip()) == 10 else timedelta(seconds=1)
        until = since + whole - timedelta(microseconds=1)
    if after := params.text(f"{name}>"):
        since = _moment(name, after)
    if before := params.text(f"{name}<"):
        until = _moment(name, before)
    return Span(since, until)


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment.replace(year=min(max(moment.year, 2), 9998))
    except (ValueError, OverflowError):
        message = f"{name} is not a valid date: use YYYY-MM-DD or ISO 8601 time"
        raise ApiError(400, 20001, message) from None
