"""``/Calls`` (Twilio: Call resource)."""

from __future__ import annotations

import structlog
from aiohttp import web

from ari_app.api import parties
from ari_app.api.call_params import UNSUPPORTED, both_given, read_create, read_update
from ari_app.api.context import ACCOUNT, CALLS, STORE, sid
from ari_app.api.errors import json_response
from ari_app.api.paging import list_response, page_request, span
from ari_app.api.params import form_params, query_params
from ari_app.api.ports import ApiError, UpdateCall
from ari_app.api.present import call_json
from ari_app.api.warn import warn, warn_of_untold
from ari_app.model import CallFilter, CallRecord, CallStatus

log = structlog.get_logger(__name__)

BOTH = "Both Twiml and Url were given: Twiml is ignored"


async def create(request: web.Request) -> web.Response:
    """``POST /Calls``: 201 and a queued call (fact 13)."""
    account = request[ACCOUNT]
    params = await form_params(request)
    wanted = read_create(params)
    if account.status != "active":
        raise ApiError(403, 20005, "Account is not active")
    call = await request.app[CALLS].create(account, wanted)
    if ignored := params.given(UNSUPPORTED):
        log.warning("parameters not supported here, ignored", call_sid=call.sid, names=ignored)
    if both_given(params):
        await warn(request, call.sid, 32019, BOTH)
    if params.flag("AsyncAmd"):
        await warn_of_untold(request, call.sid, params, "AsyncAmdStatusCallback")
    return json_response(call_json(call), 201)


async def update(request: web.Request) -> web.Response:
    """``POST /Calls/{sid}``: redirect, end or change a call (facts 11 and 12, B-14)."""
    params = await form_params(request)
    wanted = read_update(params)
    account = request[ACCOUNT]
    if wanted == UpdateCall():
        call = await _known(request)
    else:
        call = await request.app[CALLS].update(account, sid(request), wanted)
    if both_given(params):
        await warn(request, call.sid, 32019, BOTH)
    return json_response(call_json(call))


async def fetch(request: web.Request) -> web.Response:
    """``GET /Calls/{sid}``."""
    return json_response(call_json(await _known(request)))


async def list_(request: web.Request) -> web.Response:
    """``GET /Calls`` with Twilio's filters."""
    params = query_params(request)
    status = None
    if text := params.text("Status"):
        try:
            status = CallStatus(text)
        except ValueError:
            raise ApiError(400, 20001, "Status is not valid") from None
    filters = CallFilter(
        to=parties.as_filter(params.text("To")),
        from_=parties.as_filter(params.text("From")),
        status=status,
        parent_call_sid=params.text("ParentCallSid") or None,
        started=span(params, "StartTime"),
        ended=span(params, "EndTime"),
    )
    page = await request.app[STORE].calls.list(request[ACCOUNT].sid, filters, page_request(params))
    return list_response(request, "calls", page, call_json)


async def delete(request: web.Request) -> web.Response:
    """``DELETE /Calls/{sid}``: 204; 20009 while the call runs."""
    store, account = request.app[STORE], request[ACCOUNT]
    call = await store.calls.get(sid(request), account.sid)
    if not call.status.final:
        raise ApiError(409, 20009, "Cannot delete this resource before it is complete")
    await store.calls.delete(account.sid, call.sid)
    return web.Response(status=204)


async def _known(request: web.Request) -> CallRecord:
    """Return the call of the path: its running state, which the store learns a little later."""
    account = request[ACCOUNT]
    running = request.app[CALLS].running(account, sid(request))
    return running or await request.app[STORE].calls.get(sid(request), account.sid)
