"""``/Calls/{CA}/Transcriptions``: live transcription of a call (Twilio: Call Transcription)."""

from __future__ import annotations

from aiohttp import web

from ari_app.api.background import TRACKS, state_json, stop
from ari_app.api.context import ACCOUNT, BACKGROUND
from ari_app.api.errors import json_response
from ari_app.api.params import Params, form_params
from ari_app.api.ports import ApiError, CreateTranscription

_HINTS = 500
_HINT = 100


async def create(request: web.Request) -> web.Response:
    """``POST /Calls/{CA}/Transcriptions``: 201 and a transcription beside the call."""
    wanted = read(await form_params(request))
    state = await request.app[BACKGROUND].start(
        request[ACCOUNT], request.match_info["call"], wanted
    )
    return json_response(state_json(state, "Transcriptions"), 201)


async def update(request: web.Request) -> web.Response:
    """``POST /Calls/{CA}/Transcriptions/{GT or name}`` with ``Status=stopped``."""
    return await stop(request, "transcription", "Transcriptions")


def read(params: Params) -> CreateTranscription:
    """Read the parameters. Raises ApiError 400 with the code of the first bad one."""
    track = (params.text("Track") or "both_tracks").strip()
    if track not in TRACKS:
        raise ApiError(400, 31941, f"Track is not valid: {', '.join(TRACKS)}")
    hints = tuple(
        phrase for part in (params.text("Hints") or "").split(",") if (phrase := part.strip())
    )
    if len(hints) > _HINTS or any(len(phrase) > _HINT for phrase in hints):
        raise ApiError(400, 13330, f"Hints: at most {_HINTS} of at most {_HINT} characters")
    return CreateTranscription(
        name=params.text("Name") or None,
        track=track,
        status_callback=params.endpoint(
            "StatusCallbackUrl", "StatusCallbackMethod", (21205, 21209)
        ),
        language=(params.text("LanguageCode") or "en-US").strip(),
        engine=(params.text("TranscriptionEngine") or "google").strip().lower(),
        model=params.text("SpeechModel") or "telephony",
        hints=hints,
        partial_results=params.flag("PartialResults"),
        profanity_filter=params.flag("ProfanityFilter", default=True),
        punctuation=params.flag("EnableAutomaticPunctuation", default=True),
        inbound_label=params.text("InboundTrackLabel") or None,
        outbound_label=params.text("OutboundTrackLabel") or None,
    )
