"""``/Recordings`` of an account, a call and a conference (Twilio: Recording resource)."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from ari_app.api.context import ACCOUNT, RECORDINGS, STORE
from ari_app.api.errors import json_response, not_found
from ari_app.api.paging import list_response, page_request, span
from ari_app.api.params import form_params, query_params
from ari_app.api.ports import ApiError
from ari_app.api.present import recording_json
from ari_app.api.recording_params import read_start, read_update
from ari_app.model import RecordingFilter, RecordingRecord, RecordingStatus

#: Means the recording that runs, in place of a SID.
CURRENT = "Twilio.CURRENT"
NO_DUAL = 16113

_TYPES = {"wav": "audio/x-wav", "mp3": "audio/mpeg"}


async def create(request: web.Request) -> web.Response:
    """``POST /Calls/{CA}/Recordings``: 201 and a recording that runs."""
    wanted = read_start(await form_params(request))
    record = await request.app[RECORDINGS].start(
        request[ACCOUNT], request.match_info["call"], wanted
    )
    return json_response(recording_json(record, of="call"), 201)


async def update(request: web.Request) -> web.Response:
    """``POST /Calls/{CA}/Recordings/{RE}``: pause, resume or stop."""
    wanted = read_update(await form_params(request))
    match = request.match_info
    record = await request.app[RECORDINGS].update(
        request[ACCOUNT],
        match["sid"],
        wanted,
        call_sid=match.get("call"),
        conference_sid=match.get("conference"),
    )
    status = "stopped" if wanted.status == "stopped" else None
    return json_response(recording_json(record, of=_of(request), status=status))


async def list_(request: web.Request) -> web.Response:
    """``GET /Recordings``, also below a call or a conference."""
    store, account, match = request.app[STORE], request[ACCOUNT], request.match_info
    params = query_params(request)
    if "call" in match:
        await store.calls.get(match["call"], account.sid)
    filters = RecordingFilter(
        call_sid=match.get("call") or params.text("CallSid") or None,
        conference_sid=match.get("conference") or params.text("ConferenceSid") or None,
        include_deleted=params.flag("IncludeSoftDeleted"),
        created=span(params, "DateCreated"),
    )
    page = await store.recordings.list(account.sid, filters, page_request(params))
    return list_response(
        request, "recordings", page, lambda record: recording_json(record, of=_of(request))
    )


async def fetch(request: web.Request) -> web.StreamResponse:
    """``GET /Recordings/{RE}.json``: the record; without a suffix the audio itself."""
    if not request.match_info["suffix"] and _of(request) == "account":
        return await _media(request, "wav")
    return json_response(recording_json(await _known(request), of=_of(request)))


async def wav(request: web.Request) -> web.StreamResponse:
    """``GET /Recordings/{RE}.wav``: 8 kHz, 16 bit."""
    return await _media(request, "wav")


async def mp3(request: web.Request) -> web.StreamResponse:
    """``GET /Recordings/{RE}.mp3``."""
    return await _media(request, "mp3")


async def delete(request: web.Request) -> web.Response:
    """``DELETE /Recordings/{RE}``: 204; the audio goes, the record can be listed for 40 days."""
    record = await _known(request)
    if record.status is RecordingStatus.DELETED:
        raise not_found(request.path)
    if not record.status.final:
        raise ApiError(409, 20009, "Cannot delete this resource before it is complete")
    await request.app[RECORDINGS].delete(record)
    return web.Response(status=204)


async def _known(request: web.Request) -> RecordingRecord:
    """Return the recording of the path: its running state, which the store learns later."""
    account, match = request[ACCOUNT], request.match_info
    service = request.app[RECORDINGS]
    call_sid, conference_sid = match.get("call"), match.get("conference")
    record = await service.running(
        account, match["sid"], call_sid=call_sid, conference_sid=conference_sid
    )
    if record is None and match["sid"] == CURRENT:
        raise not_found(request.path)
    if record is None:
        record = await request.app[STORE].recordings.get(account.sid, match["sid"])
    if call_sid not in (None, record.call_sid):
        raise not_found(request.path)
    if conference_sid not in (None, record.conference_sid):
        raise not_found(request.path)
    return record


async def _media(request: web.Request, kind: Literal["wav", "mp3"]) -> web.StreamResponse:
    """Send the audio; ``RequestedChannels`` 1 mixes two channels into one. Ranges are served."""
    record = await _known(request)
    params = query_params(request)
    wanted = params.number("RequestedChannels", record.channels, least=1, most=2, code=20001)
    if wanted > record.channels:
        raise ApiError(400, NO_DUAL, "The recording has one channel only")
    if record.status is not RecordingStatus.COMPLETED:
        raise not_found(request.path)
    mixed = 1 if wanted < record.channels else None
    try:
        path = await request.app[RECORDINGS].media(record, kind, channels=mixed)
    except FileNotFoundError:
        raise not_found(request.path) from None
    return web.FileResponse(path, headers={"Content-Type": _TYPES[kind]})


def _of(request: web.Request) -> Literal["account", "call", "conference"]:
    if "call" in request.match_info:
        return "call"
    return "conference" if "conference" in request.match_info else "account"
