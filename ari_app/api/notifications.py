"""``/Notifications`` of an account and of a call (Twilio: Notification resource)."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from ari_app.api.context import ACCOUNT, STORE, sid
from ari_app.api.errors import json_response, not_found
from ari_app.api.paging import list_response, page_request, span
from ari_app.api.params import query_params
from ari_app.api.present import notification_detail_json, notification_json
from ari_app.model import NotificationFilter

_LEVELS: dict[str | None, Literal["0", "1"]] = {"0": "0", "1": "1"}


async def list_(request: web.Request) -> web.Response:
    """``GET /Notifications`` and ``GET /Calls/{call}/Notifications``; a bad Log is no filter."""
    store, account = request.app[STORE], request[ACCOUNT]
    call_sid = request.match_info.get("call")
    if call_sid is not None:
        await store.calls.get(call_sid, account.sid)
    params = query_params(request)
    filters = NotificationFilter(
        call_sid=call_sid,
        log=_LEVELS.get(params.text("Log")),
        dated=span(params, "MessageDate"),
    )
    page = await store.notifications.list(account.sid, filters, page_request(params))
    return list_response(request, "notifications", page, notification_json)


async def fetch(request: web.Request) -> web.Response:
    """``GET /Notifications/{sid}``, also below a call."""
    note = await request.app[STORE].notifications.get(request[ACCOUNT].sid, sid(request))
    if request.match_info.get("call", note.call_sid) != note.call_sid:
        raise not_found(request.path)
    return json_response(notification_detail_json(note))
