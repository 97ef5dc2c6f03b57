"""Resources that clients ask for and that hold nothing here, so that asking is no error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from ari_app.api.context import ACCOUNT, STORE
from ari_app.api.errors import json_response
from ari_app.api.paging import list_response, page_request
from ari_app.api.params import query_params
from ari_app.model import Page


def empty_list(key: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a handler that answers an empty page under ``key``; 404 below an unknown call."""

    async def list_(request: web.Request) -> web.Response:
        call_sid = request.match_info.get("call")
        if call_sid is not None:
            await request.app[STORE].calls.get(call_sid, request[ACCOUNT].sid)
        wanted = page_request(query_params(request))
        page = Page[object](items=(), number=wanted.number, size=wanted.size)
        return list_response(request, key, page, lambda item: item)

    return list_


async def balance(request: web.Request) -> web.Response:
    """``GET /Balance``: nothing costs anything here (Twilio: Account balance)."""
    shown = {"account_sid": request[ACCOUNT].sid, "balance": "0.00", "currency": "USD"}
    return json_response(shown)
