"""The parameters of Calls create and update, checked (Twilio: Call create, Call update)."""

from __future__ import annotations

import re
from typing import Literal

from ari_app.api import parties
from ari_app.api.machine_params import read_call_detection
from ari_app.api.params import Params
from ari_app.api.ports import ApiError, CreateCall, UpdateCall
from ari_app.api.recording_params import read_start
from ari_app.model import StatusCallback

EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
#: What Twilio would act on and this switch does not: taken, left undone, and said in the log.
UNSUPPORTED = ("CallReason", "Byoc")
_TWIML_LIMIT = 4000
_DAY = 86_400
_SEND_DIGITS = re.compile(r"[0-9A-Da-d*#wW]{1,32}")
_STATUSES: dict[str, Literal["canceled", "completed"]] = {
    "canceled": "canceled",
    "completed": "completed",
}


def read_create(params: Params) -> CreateCall:
    """Read ``POST /Calls``. Raises ApiError 400 with the code of the first bad parameter."""
    to = parties.callee(params.text("To"))
    from_ = parties.caller(params.text("From"))
    if params.text("ApplicationSid"):
        raise ApiError(400, 21218, "ApplicationSid is not valid: there are no applications here")
    voice = params.endpoint("Url", "Method", (21205, 21209))
    twiml = None if voice else _twiml(params)
    if voice is None and twiml is None:
        raise ApiError(400, 21205, "Url parameter is required (or Twiml)")
    send_digits = params.text("SendDigits") or None
    if send_digits and not _SEND_DIGITS.fullmatch(send_digits):
        raise ApiError(400, 21206, "SendDigits is not valid: up to 32 of 0-9 A-D * # w W")
    caller_id = params.text("CallerId")
    return CreateCall(
        to=to,
        from_=from_,
        voice=voice,
        twiml=twiml,
        fallback=params.endpoint("FallbackUrl", "FallbackMethod", (21205, 21209)),
        status_callback=read_status_callback(params),
        caller_id=parties.caller(caller_id) if caller_id else None,
        send_digits=send_digits,
        sip_auth=read_sip_auth(params),
        detection=read_call_detection(params),
        timeout=params.number("Timeout", 60, least=1, most=600, code=21208),
        time_limit=params.number("TimeLimit", 14_400, least=1, most=_DAY, code=20001, clamp=True),
        record=read_start(params, trim="trim-silence") if params.flag("Record") else None,
    )


def read_update(params: Params) -> UpdateCall:
    """Read ``POST /Calls/{sid}``. Raises ApiError 400 with the code of the first bad parameter."""
    status = None
    if text := params.text("Status"):
        status = _STATUSES.get(text)
        if status is None:
            raise ApiError(400, 20001, "Status is not valid: canceled or completed")
    voice = params.endpoint("Url", "Method", (21205, 21209))
    limit = None
    if params.text("TimeLimit"):
        limit = params.number("TimeLimit", 1, least=1, most=_DAY, code=20001, clamp=True)
    return UpdateCall(
        status=status,
        voice=voice,
        twiml=None if voice else _twiml(params),
        fallback=params.endpoint("FallbackUrl", "FallbackMethod", (21205, 21209)),
        status_callback=read_status_callback(params, unnamed=frozenset()),
        time_limit=limit,
    )


def both_given(params: Params) -> bool:
    """Tell whether Url and Twiml came together: Url wins, with warning 32019."""
    return bool((params.text("Url") or "").strip() and (params.text("Twiml") or "").strip())


def _twiml(params: Params) -> str | None:
    # Fact 26: many an app sends leading white space, which XML itself would not allow.
    text = (params.text("Twiml") or "").lstrip()
    if len(text) > _TWIML_LIMIT:
        raise ApiError(400, 32018, f"Twiml is longer than {_TWIML_LIMIT} characters")
    return text or None


def read_sip_auth(params: Params) -> tuple[str, str] | None:
    """Read user and password for the callee's SIP; None without a user."""
    user = params.text("SipAuthUsername")
    return (user, params.text("SipAuthPassword") or "") if user else None


def read_status_callback(
    params: Params, *, unnamed: frozenset[str] = frozenset({"completed"})
) -> StatusCallback | None:
    """Read where progress is told; the events are ``unnamed`` when no key names any."""
    endpoint = params.endpoint("StatusCallback", "StatusCallbackMethod", (21205, 21209))
    if endpoint is None:
        return None
    # Facts 23 and 24: a repeated key, and values we do not know (apps send `busy`) are no error.
    wanted = {word for value in params.all("StatusCallbackEvent") for word in value.split()}
    events = (EVENTS & wanted or frozenset({"completed"})) if wanted else unnamed
    return StatusCallback(url=endpoint.url, method=endpoint.method, events=events)
