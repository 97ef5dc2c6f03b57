"""``/Queues`` and their members (Twilio: Queue and Member resources)."""

from __future__ import annotations

from aiohttp import web

from ari_app.api.context import ACCOUNT, QUEUES, sid
from ari_app.api.errors import json_response
from ari_app.api.paging import list_response, page_of, page_request
from ari_app.api.params import Params, form_params, query_params
from ari_app.api.ports import ApiError
from ari_app.api.present_rooms import member_json, queue_json

DEFAULT_SIZE = 1000
MAX_SIZE = 5000
MAX_NAME = 64
BAD_SIZE = 20001
BAD_NAME = 20002


async def create(request: web.Request) -> web.Response:
    """``POST /Queues``: 201; 22003 when there is one of that name."""
    params = await form_params(request)
    name = _name(params)
    if name is None:
        raise ApiError(400, BAD_NAME, "FriendlyName is required")
    size = _size(params, DEFAULT_SIZE)
    made = await request.app[QUEUES].create(request[ACCOUNT], name, size)
    return json_response(queue_json(made), 201)


async def list_(request: web.Request) -> web.Response:
    """``GET /Queues``."""
    wanted = page_request(query_params(request))
    page = await request.app[QUEUES].list(request[ACCOUNT], wanted)
    return list_response(request, "queues", page, queue_json)


async def fetch(request: web.Request) -> web.Response:
    """``GET /Queues/{sid}``."""
    return json_response(queue_json(await request.app[QUEUES].get(request[ACCOUNT], sid(request))))


async def update(request: web.Request) -> web.Response:
    """``POST /Queues/{sid}``: another name or size."""
    params = await form_params(request)
    size = _size(params, 0) if params.text("MaxSize") else None
    changed = await request.app[QUEUES].update(
        request[ACCOUNT], sid(request), name=_name(params), size=size
    )
    return json_response(queue_json(changed))


async def delete(request: web.Request) -> web.Response:
    """``DELETE /Queues/{sid}``: 204; an error while somebody waits in it."""
    await request.app[QUEUES].delete(request[ACCOUNT], sid(request))
    return web.Response(status=204)


async def list_members(request: web.Request) -> web.Response:
    """``GET /Queues/{sid}/Members``, first come first."""
    found = await request.app[QUEUES].members(request[ACCOUNT], sid(request))
    page = page_of(found, page_request(query_params(request)))
    return list_response(request, "queue_members", page, member_json)


async def fetch_member(request: web.Request) -> web.Response:
    """``GET /Queues/{sid}/Members/{CA… or Front}``."""
    member = request.match_info["member"]
    found = await request.app[QUEUES].member(request[ACCOUNT], sid(request), member)
    return json_response(member_json(found))


async def dequeue(request: web.Request) -> web.Response:
    """``POST /Queues/{sid}/Members/{CA… or Front}``: give him another document."""
    params = await form_params(request)
    source = params.endpoint("Url", "Method", (21205, 21209))
    if source is None:
        raise ApiError(400, 21205, "Url parameter is required")
    member = request.match_info["member"]
    found = await request.app[QUEUES].dequeue(request[ACCOUNT], sid(request), member, source)
    return json_response(member_json(found))


def _name(params: Params) -> str | None:
    name = (params.text("FriendlyName") or "").strip()
    if len(name) > MAX_NAME:
        raise ApiError(400, BAD_NAME, f"FriendlyName is longer than {MAX_NAME} characters")
    return name or None


def _size(params: Params, default: int) -> int:
    return params.number("MaxSize", default, least=1, most=MAX_SIZE, code=BAD_SIZE)
