"""``/Conferences/{conference}/Participants`` (Twilio: Participant resource).

The conference is named by its SID or, while it runs, by its name; a participant by his call's
SID or his label.
"""

from __future__ import annotations

import re

import structlog
from aiohttp import web

from ari_app.api import parties
from ari_app.api.call_params import read_sip_auth, read_status_callback
from ari_app.api.context import ACCOUNT, CONFERENCES
from ari_app.api.errors import json_response
from ari_app.api.machine_params import read_detection
from ari_app.api.paging import list_response, page_of, page_request
from ari_app.api.params import Params, form_params, query_params
from ari_app.api.ports import ApiError, CreateCall, CreateParticipant, UpdateParticipant
from ari_app.api.present_rooms import participant_json
from ari_app.api.recording_params import read_start
from ari_app.api.warn import warn_of_untold
from ari_app.model import Endpoint, MachineDetection

log = structlog.get_logger(__name__)

#: What Twilio would act on and this switch does not: taken, left undone, and said in the log.
UNSUPPORTED = ("CallReason", "Byoc")
_DAY = 86_400
_CALL = re.compile(r"CA[0-9a-f]{32}")
#: Parameter to attribute of <Conference>; what it says is read as TwiML is.
_ATTRIBUTES = {
    "Label": "participantLabel",
    "Muted": "muted",
    "Beep": "beep",
    "StartConferenceOnEnter": "startConferenceOnEnter",
    "EndConferenceOnExit": "endConferenceOnExit",
    "WaitUrl": "waitUrl",
    "WaitMethod": "waitMethod",
    "MaxParticipants": "maxParticipants",
    "ConferenceRecord": "record",
    "ConferenceTrim": "trim",
    "ConferenceStatusCallback": "statusCallback",
    "ConferenceStatusCallbackMethod": "statusCallbackMethod",
    "ConferenceStatusCallbackEvent": "statusCallbackEvent",
    "ConferenceRecordingStatusCallback": "recordingStatusCallback",
    "ConferenceRecordingStatusCallbackMethod": "recordingStatusCallbackMethod",
    "ConferenceRecordingStatusCallbackEvent": "recordingStatusCallbackEvent",
}


async def list_(request: web.Request) -> web.Response:
    """``GET …/Participants``; a conference that is over has none."""
    params = query_params(request)
    found = await request.app[CONFERENCES].participants(
        request[ACCOUNT], request.match_info["conference"]
    )
    for key, name in (("Muted", "muted"), ("Hold", "hold"), ("Coaching", "coaching")):
        if params.text(key):
            found = [one for one in found if getattr(one, name) is params.flag(key)]
    page = page_of(found, page_request(params))
    return list_response(request, "participants", page, participant_json)


async def create(request: web.Request) -> web.Response:
    """``POST …/Participants``: call somebody into the conference."""
    params = await form_params(request)
    wanted = read_create(params)
    made = await request.app[CONFERENCES].call_in(
        request[ACCOUNT], request.match_info["conference"], wanted
    )
    if ignored := params.given(UNSUPPORTED):
        log.warning("parameters not supported here, ignored", call_sid=made.call_sid, names=ignored)
    await warn_of_untold(request, made.call_sid, params, "AmdStatusCallback")
    return json_response(participant_json(made), 201)


async def fetch(request: web.Request) -> web.Response:
    """``GET …/Participants/{participant}``."""
    match = request.match_info
    found = await request.app[CONFERENCES].participant(
        request[ACCOUNT], match["conference"], match["participant"]
    )
    return json_response(participant_json(found))


async def update(request: web.Request) -> web.Response:
    """``POST …/Participants/{participant}``: mute, hold, announce, coach."""
    match, params = request.match_info, await form_params(request)
    changed = await request.app[CONFERENCES].change(
        request[ACCOUNT], match["conference"], match["participant"], _read_update(params)
    )
    return json_response(participant_json(changed))


async def delete(request: web.Request) -> web.Response:
    """``DELETE …/Participants/{participant}``: put him out; his call goes on."""
    match = request.match_info
    await request.app[CONFERENCES].kick(request[ACCOUNT], match["conference"], match["participant"])
    return web.Response(status=204)


def _read_update(params: Params) -> UpdateParticipant:
    coach = params.text("CallSidToCoach") or None
    if coach is not None and not _CALL.fullmatch(coach):
        raise ApiError(400, 13240, "CallSidToCoach is not the SID of a call")
    return UpdateParticipant(
        muted=_flag(params, "Muted"),
        hold=_flag(params, "Hold"),
        hold_music=_hold_music(params),
        wait_music=params.endpoint("WaitUrl", "WaitMethod", (21205, 21209)),
        announce=params.endpoint("AnnounceUrl", "AnnounceMethod", (21205, 21209)),
        beep_on_exit=_flag(params, "BeepOnExit"),
        end_on_exit=_flag(params, "EndConferenceOnExit"),
        coaching=_flag(params, "Coaching"),
        call_sid_to_coach=coach,
    )


def _hold_music(params: Params) -> Endpoint | None:
    """HoldUrl is asked by GET unless HoldMethod says otherwise."""
    if not (url := params.url("HoldUrl", 21205)):
        return None
    given = params.text("HoldMethod")
    return Endpoint(url=url, method=params.method("HoldMethod", 21209) if given else "GET")


def read_create(params: Params) -> CreateParticipant:
    """Read ``POST …/Participants``. Raises ApiError 400 with the code of the first bad one."""
    caller_id = params.text("CallerId")
    attributes = {
        attribute: " ".join(params.all(name))
        for name, attribute in _ATTRIBUTES.items()
        if name in params
    }
    if params.flag("Coaching") and (coach := params.text("CallSidToCoach")):
        attributes["coach"] = coach
    # TwiML has no default for these events, REST has one (Twilio: Participant create).
    if not params.text("ConferenceStatusCallbackEvent"):
        attributes["statusCallbackEvent"] = "start end"
    return CreateParticipant(
        call=CreateCall(
            to=parties.callee(params.text("To")),
            from_=parties.caller(params.text("From")),
            caller_id=parties.caller(caller_id) if caller_id else None,
            status_callback=read_status_callback(params),
            sip_auth=read_sip_auth(params),
            detection=_detection(params),
            timeout=params.number("Timeout", 60, least=1, most=600, code=21208),
            time_limit=params.number(
                "TimeLimit", 14_400, least=1, most=_DAY, code=20001, clamp=True
            ),
            record=read_start(params, trim="trim-silence") if params.flag("Record") else None,
        ),
        attributes=attributes,
    )


def _detection(params: Params) -> MachineDetection | None:
    """Beside the conference: one that nobody is told of is none."""
    found = read_detection(params, "AmdStatusCallback")
    return found if found and found.callback else None


def _flag(params: Params, name: str) -> bool | None:
    """Return true or false; None when it is not given."""
    return params.flag(name) if params.text(name) else None
