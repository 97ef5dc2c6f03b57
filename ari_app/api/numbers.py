"""``/IncomingPhoneNumbers`` (Twilio: IncomingPhoneNumber resource)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from ari_app.api import parties
from ari_app.api.context import ACCOUNT, STORE, sid
from ari_app.api.errors import json_response
from ari_app.api.paging import list_response, page_request
from ari_app.api.params import Params, form_params, query_params
from ari_app.api.ports import ApiError
from ari_app.api.present import number_json
from ari_app.errors import DuplicateRecordError
from ari_app.model import NumberFilter, Page, PhoneNumber
from ari_app.sids import new_sid

_URL, _METHOD = 21402, 21403
_URLS = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
}
_METHODS = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
}


async def create(request: web.Request) -> web.Response:
    """``POST /IncomingPhoneNumbers``: 201; 21421 no number, 21422 taken."""
    params = await form_params(request)
    wanted = params.text("PhoneNumber")
    if not wanted and params.text("AreaCode"):
        raise ApiError(400, 21452, "No phone numbers found in that area: give PhoneNumber")
    number = parties.number(wanted or "")
    if number is None:
        raise ApiError(400, 21421, "PhoneNumber is not valid")
    now = datetime.now(UTC)
    record = {"friendly_name": number, **_changes(params)}
    try:
        made = await request.app[STORE].numbers.create(
            PhoneNumber(
                sid=new_sid("PN"),
                account_sid=request[ACCOUNT].sid,
                phone_number=number,
                date_created=now,
                date_updated=now,
                **record,
            )
        )
    except DuplicateRecordError:
        raise ApiError(400, 21422, f"PhoneNumber {number} is not available") from None
    return json_response(number_json(made), 201)


async def fetch(request: web.Request) -> web.Response:
    """``GET /IncomingPhoneNumbers/{sid}``."""
    numbers = request.app[STORE].numbers
    return json_response(number_json(await numbers.get(request[ACCOUNT].sid, sid(request))))


async def update(request: web.Request) -> web.Response:
    """``POST /IncomingPhoneNumbers/{sid}``: only what is sent changes; empty clears."""
    changes = _changes(await form_params(request))
    number = await _changeable(request)
    if changes:
        numbers = request.app[STORE].numbers
        number = await numbers.update(number.account_sid, number.sid, **changes)
    return json_response(number_json(number))


async def delete(request: web.Request) -> web.Response:
    """``DELETE /IncomingPhoneNumbers/{sid}``: 204."""
    number = await _changeable(request)
    await request.app[STORE].numbers.delete(number.account_sid, number.sid)
    return web.Response(status=204)


async def list_(request: web.Request) -> web.Response:
    """``GET /IncomingPhoneNumbers`` and ``…/Local``: every number here counts as local."""
    params = query_params(request)
    part = params.text("PhoneNumber")
    filters = NumberFilter(
        phone_number=_part(part) if part else None,
        friendly_name=params.text("FriendlyName") or None,
    )
    page = await request.app[STORE].numbers.list(
        request[ACCOUNT].sid, filters, page_request(params)
    )
    return list_response(request, "incoming_phone_numbers", page, number_json)


async def list_none(request: web.Request) -> web.Response:
    """``GET …/Mobile`` and ``…/TollFree``: there are none."""
    wanted = page_request(query_params(request))
    page: Page[PhoneNumber] = Page(items=(), number=wanted.number, size=wanted.size)
    return list_response(request, "incoming_phone_numbers", page, number_json)


def _changes(params: Params) -> dict[str, Any]:
    """Return the record's fields that ``params`` set. Raises ApiError for a bad value."""
    changes: dict[str, Any] = {}
    if (name := params.text("FriendlyName")) is not None:
        if not 1 <= len(name) <= 64:
            raise ApiError(400, 20002, "FriendlyName is not valid: 1 to 64 characters")
        changes["friendly_name"] = name
    for key, field in _URLS.items():
        if key in params:
            changes[field] = params.url(key, _URL)
    for key, field in _METHODS.items():
        if key in params:
            changes[field] = params.method(key, _METHOD)
    if "VoiceCallerIdLookup" in params:
        changes["voice_caller_id_lookup"] = params.flag("VoiceCallerIdLookup")
    if params.text("VoiceApplicationSid"):
        raise ApiError(400, 21218, "VoiceApplicationSid is not valid: no applications here")
    if params.text("TrunkSid"):
        raise ApiError(400, 20001, "TrunkSid is not valid: there are no trunks here")
    return changes


async def _changeable(request: web.Request) -> PhoneNumber:
    number = await request.app[STORE].numbers.get(request[ACCOUNT].sid, sid(request))
    if number.origin == "config":
        raise ApiError(403, 20006, "This number comes from the configuration file: change it there")
    return number


def _part(text: str) -> str:
    # A plus sent without escaping arrives as a blank.
    return "+" + text.strip() if text.startswith(" ") else text.strip()
