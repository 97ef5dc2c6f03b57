"""``/Conferences`` (Twilio: Conference resource)."""

from __future__ import annotations

from aiohttp import web

from ari_app.api.context import ACCOUNT, CONFERENCES, sid
from ari_app.api.errors import json_response
from ari_app.api.paging import list_response, page_request, span
from ari_app.api.params import form_params, query_params
from ari_app.api.ports import ApiError, UpdateConference
from ari_app.api.present_rooms import conference_json
from ari_app.model import ConferenceFilter

_STATUSES = ("init", "in-progress", "completed")


async def list_(request: web.Request) -> web.Response:
    """``GET /Conferences`` with Twilio's filters."""
    params = query_params(request)
    status = params.text("Status") or None
    if status is not None and status not in _STATUSES:
        raise ApiError(400, 20001, f"Status is not valid: {', '.join(_STATUSES)}")
    filters = ConferenceFilter(
        friendly_name=params.text("FriendlyName") or None,
        status=status,
        created=span(params, "DateCreated"),
        updated=span(params, "DateUpdated"),
    )
    service = request.app[CONFERENCES]
    page = await service.list(request[ACCOUNT], filters, page_request(params))
    return list_response(request, "conferences", page, conference_json)


async def fetch(request: web.Request) -> web.Response:
    """``GET /Conferences/{sid}``."""
    found = await request.app[CONFERENCES].get(request[ACCOUNT], sid(request))
    return json_response(conference_json(found))


async def update(request: web.Request) -> web.Response:
    """``POST /Conferences/{sid}``: end it, or announce something to all."""
    params = await form_params(request)
    status = params.text("Status") or None
    if status not in (None, "completed"):
        raise ApiError(400, 20001, "Status is not valid: completed")
    wanted = UpdateConference(
        end=status is not None,
        announce=params.endpoint("AnnounceUrl", "AnnounceMethod", (21205, 21209)),
    )
    changed = await request.app[CONFERENCES].update(request[ACCOUNT], sid(request), wanted)
    return json_response(conference_json(changed))
