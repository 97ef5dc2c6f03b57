"""``/Transcriptions`` of an account and of a recording (Twilio: Transcription resource)."""

from __future__ import annotations

from aiohttp import web

from ari_app.api.context import ACCOUNT, STORE, sid
from ari_app.api.errors import json_response, not_found
from ari_app.api.paging import list_response, page_request
from ari_app.api.params import query_params
from ari_app.api.present import transcription_json
from ari_app.model import TranscriptionRecord


async def list_(request: web.Request) -> web.Response:
    """``GET /Transcriptions``, also below a recording."""
    store, account = request.app[STORE], request[ACCOUNT]
    recording_sid = request.match_info.get("recording")
    if recording_sid is not None:
        await store.recordings.get(account.sid, recording_sid)
    page = await store.transcriptions.list(
        account.sid, recording_sid, page_request(query_params(request))
    )
    return list_response(request, "transcriptions", page, transcription_json)


async def fetch(request: web.Request) -> web.Response:
    """``GET /Transcriptions/{TR}``, also below a recording."""
    return json_response(transcription_json(await _known(request)))


async def delete(request: web.Request) -> web.Response:
    """``DELETE /Transcriptions/{TR}``: 204."""
    known = await _known(request)
    await request.app[STORE].transcriptions.delete(known.account_sid, known.sid)
    return web.Response(status=204)


async def _known(request: web.Request) -> TranscriptionRecord:
    store = request.app[STORE]
    found = await store.transcriptions.get(request[ACCOUNT].sid, sid(request))
    if request.match_info.get("recording", found.recording_sid) != found.recording_sid:
        raise not_found(request.path)
    return found
