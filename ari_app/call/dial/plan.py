"""From the nouns of ``<Dial>`` to legs that can be dialled.

Twilio: Number, Sip, Client. A noun that leads nowhere is reported with its code and left out;
the others ring. Codes: 13214 caller ID, 13223 and 13224 numbers, 13243 and 13254 SIP addresses,
13252 SIP headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import unquote

from ari_app.call.context import CallContext
from ari_app.call.dial.child import Plan
from ari_app.call.dial.credentials import Credentials
from ari_app.call.outcome import Fetch
from ari_app.call.sip import client_string, dial_string, sip_host
from ari_app.errors import TwilioError
from ari_app.model import Endpoint, MachineDetection, StatusCallback
from twiml import Dial, DialClient, DialNumber, DialSip

BAD_CALLER_ID = 13214
BAD_NUMBER = 13223
NO_ROUTE = 13224
BAD_SIP_URI = 13243
BAD_SIP_HEADER = 13252
FORBIDDEN_HOST = 13254
NO_AMD_CALLBACK = 21262

#: What people write between the digits of a number.
_FILLING = str.maketrans("", "", " ()-./\t\n\u00a0")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_CALLER_ID = re.compile(
    r"(?:(?:sips?|client):)?[0-9A-Za-z+_.*#-]{1,128}(?:@[0-9A-Za-z.:\[\]-]{1,128})?"
)
#: Headers that a customer may send (Twilio: Sip, custom headers), and how long each may be.
_HEADER = re.compile(
    r"[Xx]-[0-9A-Za-z-]{1,100}|User-to-User|Remote-Party-ID|P-Preferred-Identity|P-Called-Party-ID",
    re.IGNORECASE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
MAX_HEADER_TEXT = 1024
#: Parameters that name a place of Twilio's, not of the callee's.
_PLACES = re.compile(r";(?:region|edge)=[^;?]*", re.IGNORECASE)

Noun = DialNumber | DialSip | DialClient


async def plan(ctx: CallContext, verb: Dial, nouns: Iterable[Noun]) -> list[Plan]:
    """Return how to dial each noun that can be dialled, in order; the others are reported."""
    plans = []
    for noun in _addresses(tuple(nouns)):
        try:
            plans.append(await _plan(ctx, verb, noun))
        except TwilioError as error:
            ctx.problem(error)
    return plans


def _addresses(nouns: Sequence[Noun]) -> Iterator[Noun]:
    """Give a SIP party that stands alone once for each of its addresses."""
    yield from nouns
    if len(nouns) == 1 and isinstance(noun := nouns[0], DialSip):
        for other in noun.others:
            yield replace(
                noun,
                uri=other.uri,
                username=other.username or noun.username,
                password=other.password or noun.password,
            )


async def _plan(ctx: CallContext, verb: Dial, noun: Noun) -> Plan:
    settings = ctx.services.settings
    keys, headers, credentials = "", {}, None
    match noun:
        case DialNumber():
            to, keys = noun.number.translate(_FILLING), noun.send_digits or ""
            if not _NUMBER.fullmatch(to):
                raise TwilioError(BAD_NUMBER, f"{noun.number[:64]!r} is no number")
            endpoint = _dial_string(to, settings.outbound_sip_uri, NO_ROUTE)
        case DialSip():
            address, _, query = noun.uri.strip().partition("?")
            to = _PLACES.sub("", address)
            headers = _headers([*_pairs(query), *noun.headers])
            endpoint = await _sip(ctx, to)
            if noun.username:
                credentials = Credentials(noun.username, noun.password or "")
        case DialClient():
            to, headers = f"client:{noun.identity}", _client_headers(noun)
            endpoint = _client(noun, settings.client_sip_uri)
    return Plan(
        to=to,
        from_=_caller_id(ctx, verb),
        endpoint=endpoint,
        ring_seconds=verb.timeout,
        time_limit=verb.time_limit,
        send_digits=keys,
        credentials=credentials,
        headers=headers,
        whisper=_whisper(ctx, noun),
        status_callback=_status_callback(ctx, noun),
        detection=_detection(ctx, noun),
    )


def _dial_string(to: str, template: str | None, code: int) -> str:
    try:
        return dial_string(to, template)
    except ValueError as error:
        raise TwilioError(code, str(error)) from error


async def _sip(ctx: CallContext, uri: str) -> str:
    """Return the dial string of a SIP address that may be called."""
    endpoint = _dial_string(uri, None, BAD_SIP_URI)
    host = sip_host(uri)
    if host is None:
        raise TwilioError(BAD_SIP_URI, f"{uri[:64]!r} is no SIP URI")
    if not await ctx.services.hosts.permits(host):
        raise TwilioError(FORBIDDEN_HOST, f"{host} is a private or special address")
    return endpoint


def _client(noun: DialClient, template: str | None) -> str:
    try:
        return client_string(noun.identity, template)
    except ValueError as error:
        raise TwilioError(NO_ROUTE, str(error)) from error


def _client_headers(noun: DialClient) -> dict[str, str]:
    """The client's parameters as headers; those whose names cannot be one are left out."""
    return _headers(
        (f"X-{name}", value)
        for name, value in noun.parameters.items()
        if _HEADER.fullmatch(f"X-{name}")
    )


def _pairs(query: str) -> list[tuple[str, str]]:
    pairs = [part.partition("=") for part in query.split("&") if part]
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def _headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers to send; raises TwilioError 13252."""
    found = dict(pairs)
    for name, value in found.items():
        if not _HEADER.fullmatch(name):
            raise TwilioError(BAD_SIP_HEADER, f"header {name[:64]!r} may not be sent")
        if _UNPRINTABLE.search(value):
            raise TwilioError(BAD_SIP_HEADER, f"header {name}: characters that no header has")
    if sum(len(name) + len(value) for name, value in found.items()) > MAX_HEADER_TEXT:
        raise TwilioError(BAD_SIP_HEADER, f"headers of more than {MAX_HEADER_TEXT} characters")
    return found


def _caller_id(ctx: CallContext, verb: Dial) -> str:
    """Return what the callee sees; raises TwilioError 13214."""
    if verb.caller_id is None:
        own = ctx.progress.record.from_
        return own if _CALLER_ID.fullmatch(own) else "anonymous"
    wanted = verb.caller_id.strip()
    if re.fullmatch(r"[+0-9 ()./-]+", wanted):
        wanted = wanted.translate(_FILLING)
    if not _CALLER_ID.fullmatch(wanted):
        raise TwilioError(BAD_CALLER_ID, f"callerId {wanted[:64]!r} cannot be shown")
    return wanted


def _whisper(ctx: CallContext, noun: Noun) -> Fetch | None:
    return ctx.fetch(noun.url, noun.method) if noun.url else None


def _detection(ctx: CallContext, noun: Noun) -> MachineDetection | None:
    """Return how it is found out whether a machine answered: beside the talk, by callback."""
    if isinstance(noun, DialClient) or noun.machine_detection is None:
        return None
    if isinstance(noun, DialNumber) and noun.send_digits:
        return None  # what is dialled on to is a machine
    if not noun.amd_status_callback:
        text = "machineDetection has no effect without amdStatusCallback"
        ctx.problems.report(NO_AMD_CALLBACK, text)
        return None
    try:
        url = ctx.resolve(noun.amd_status_callback)
    except TwilioError as error:
        ctx.problem(error)
        return None
    return MachineDetection(
        until_end=noun.machine_detection == "DetectMessageEnd",
        timeout=noun.machine_detection_timeout,
        speech_threshold=noun.machine_detection_speech_threshold,
        speech_end_threshold=noun.machine_detection_speech_end_threshold,
        silence_timeout=noun.machine_detection_silence_timeout,
        callback=Endpoint(url=url, method=noun.amd_status_callback_method),
    )


def _status_callback(ctx: CallContext, noun: Noun) -> StatusCallback | None:
    if not noun.status_callback:
        return None
    try:
        url = ctx.resolve(noun.status_callback)
    except TwilioError as error:  # nobody is told then; the telephone rings all the same
        ctx.problem(error)
        return None
    return StatusCallback(
        url=url,
        method=noun.status_callback_method,
        events=frozenset(noun.status_callback_event),
    )
