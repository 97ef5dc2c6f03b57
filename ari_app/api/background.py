"""``/Calls/{CA}/Streams``: what runs beside a call (Twilio: Call Stream resource)."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from ari_app.api.context import ACCOUNT, BACKGROUND
from ari_app.api.errors import json_response
from ari_app.api.params import Params, form_params
from ari_app.api.ports import ApiError, BackgroundState, CreateStream
from ari_app.api.present import account_uri, when

TRACKS = ("inbound_track", "outbound_track", "both_tracks")
#: Twilio: ``Parameter1`` to ``Parameter99``; name and value together under 500 characters.
_PARAMETERS = 99
_PARAMETER = 500


async def create_stream(request: web.Request) -> web.Response:
    """``POST /Calls/{CA}/Streams``: 201 and a one-way stream beside the call."""
    wanted = read_stream(await form_params(request))
    state = await request.app[BACKGROUND].start(
        request[ACCOUNT], request.match_info["call"], wanted
    )
    return json_response(state_json(state, "Streams"), 201)


async def update_stream(request: web.Request) -> web.Response:
    """``POST /Calls/{CA}/Streams/{MZ or name}`` with ``Status=stopped``."""
    return await stop(request, "stream", "Streams")


def read_stream(params: Params) -> CreateStream:
    """Read the parameters. Raises ApiError 400: 31922 for another scheme, 31941 for a track."""
    url = (params.text("Url") or "").strip()
    if not url:
        raise ApiError(400, 21205, "Url parameter is required")
    try:
        scheme = urlsplit(url).scheme.lower()
    except ValueError:
        raise ApiError(400, 31923, "Url is not valid") from None
    if scheme not in ("ws", "wss"):
        raise ApiError(400, 31922, "Url is not valid: it must begin with wss://")
    track = (params.text("Track") or "inbound_track").strip()
    if track not in TRACKS:
        raise ApiError(400, 31941, f"Track is not valid: {', '.join(TRACKS)}")
    return CreateStream(
        url=url,
        name=params.text("Name") or None,
        track=track,
        status_callback=params.endpoint("StatusCallback", "StatusCallbackMethod", (21205, 21209)),
        parameters=_parameters(params),
    )


def _parameters(params: Params) -> dict[str, str]:
    found: dict[str, str] = {}
    for number in range(1, _PARAMETERS + 1):
        name = params.text(f"Parameter{number}.Name")
        if not name:
            continue
        value = params.text(f"Parameter{number}.Value") or ""
        if len(name) + len(value) > _PARAMETER:
            raise ApiError(400, 20001, f"Parameter{number} is longer than {_PARAMETER} characters")
        found[name] = value
    return found


async def stop(request: web.Request, kind: str, resource: str) -> web.Response:
    """Stop what the path names, on ``Status=stopped``."""
    params = await form_params(request)
    if params.text("Status") != "stopped":
        raise ApiError(400, 20001, "Status is not valid: stopped")
    match = request.match_info
    state = await request.app[BACKGROUND].stop(request[ACCOUNT], match["call"], kind, match["name"])
    return json_response(state_json(state, resource))


def state_json(state: BackgroundState, resource: str) -> dict[str, object]:
    """Return what runs or ran beside a call."""
    call = f"{account_uri(state.account_sid)}/Calls/{state.call_sid}"
    return {
        "sid": state.sid,
        "account_sid": state.account_sid,
        "call_sid": state.call_sid,
        "name": state.name,
        "status": state.status,
        "date_updated": when(state.date_updated),
        "uri": f"{call}/{resource}/{state.sid}.json",
    }
