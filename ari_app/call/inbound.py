"""An inbound call's first moment: who is called, by whom, and may they.

The dialplan hands over ``Stasis(app,inbound,<number>,<codec>,<remote address>,<Call-ID>,
<diverting number>,<name of X- header>…)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from ari_app.ari.events import StasisStart
from ari_app.call.gateways import TRUSTED, real_caller
from ari_app.call.leg import Leg
from ari_app.call.outcome import Fetch, Source
from ari_app.call.ports import InboundRefusal, InboundRoute, Services
from ari_app.call.sip_headers import MAX_HEADER, invite_headers, tellable
from ari_app.model import Account, CallRecord, CallStatus, Direction, Endpoint, PhoneNumber
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

#: SIP status to the Q.850 cause that makes Asterisk answer with it.
CAUSES = {403: 21, 404: 1, 503: 34}
CODECS = ("ulaw", "alaw")


@dataclass(frozen=True, slots=True)
class InboundCall:
    """What the dialplan told of a call."""

    to: str
    from_: str
    caller_name: str
    codec: str
    source_ip: str
    sip_call_id: str
    forwarded_from: str = ""
    #: Names of its X- headers.
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that is to be run: whose, what is remembered, what runs first.

    ``sip_params`` are webhook parameters that are not remembered.
    """

    account: Account
    record: CallRecord
    source: Source
    sip_params: Mapping[str, str]


def parse_arguments(event: StasisStart) -> InboundCall | None:
    """Read the dialplan's arguments; None when the channel is no inbound call of ours."""
    args = list(event.args)
    if len(args) < 5 or args[0] != "inbound":
        return None
    _, to, codec, remote, sip_call_id = args[:5]
    caller = event.channel.caller
    return InboundCall(
        to=to,
        from_=caller.number or "anonymous",
        caller_name=caller.name,
        codec=codec if codec in CODECS else "ulaw",
        source_ip=remote.rsplit(":", 1)[0].strip("[]"),
        sip_call_id=sip_call_id,
        forwarded_from=args[5] if len(args) > 5 else "",
        headers=tellable(args[6:]),
    )


async def admit(
    services: Services, call: InboundCall, leg: Leg, *, draining: bool
) -> Admitted | None:
    """Ask the platform and remember the call; None when it was refused (403, 404, 503)."""
    if draining:
        await _refuse(services, leg, call, 503, "node is draining")
        return None
    try:
        caller = await real_caller(services.settings.gateways, call.source_ip, call.headers, leg)
        if caller is None:
            await _refuse(services, leg, call, 403, "came past the gateways")
            return None
        call = replace(
            call,
            source_ip=caller.source_ip,
            from_=f"client:{caller.client}" if caller.client else call.from_,
            headers=tuple(name for name in call.headers if not TRUSTED.fullmatch(name)),
        )
        answer = await services.platform.route(
            to=call.to, from_=call.from_, source_ip=call.source_ip, sip_call_id=call.sip_call_id
        )
    except Exception as error:  # whatever the platform's trouble, the caller gets an answer
        await _refuse(services, leg, call, 503, f"platform failed: {error!r}")
        return None
    if isinstance(answer, InboundRefusal):
        await _refuse(services, leg, call, answer.status, answer.reason)
        return None
    record = _record(services, call, leg, answer)
    log.info("call.inbound", call_sid=record.sid, sip_call_id=call.sip_call_id)
    try:
        await services.calls.insert(record)
    except Exception as error:  # a call that cannot be remembered is not taken
        await _refuse(services, leg, call, 503, f"store failed: {error!r}")
        return None
    await leg.ring()
    # A number without a URL fails its first fetch (11100): fallback, then the defined end.
    source = Fetch(answer.voice or Endpoint(url=""))
    return Admitted(answer.account, record, source, await _sip_params(call, leg, answer.number))


def _record(services: Services, call: InboundCall, leg: Leg, route: InboundRoute) -> CallRecord:
    number = route.number
    now = services.now()
    return CallRecord(
        sid=new_sid("CA"),
        account_sid=route.account.sid,
        direction=Direction.INBOUND,
        from_=call.from_,
        to=number.phone_number,
        status=CallStatus.RINGING,
        phone_number_sid=number.sid,
        voice=route.voice,
        fallback=route.fallback,
        status_callback=route.status_callback,
        forwarded_from=call.forwarded_from or None,
        sip_call_id=call.sip_call_id,
        node=services.settings.node,
        channel_id=leg.channel_id,
        date_created=now,
        date_updated=now,
    )


async def _sip_params(call: InboundCall, leg: Leg, number: PhoneNumber) -> dict[str, str]:
    """Return what SIP told beyond the record (Twilio: voice request parameters, SIP)."""
    params = {"SipSourceIp": call.source_ip}
    if number.voice_caller_id_lookup and call.caller_name:
        params["CallerName"] = call.caller_name[:MAX_HEADER]
    headers = await invite_headers(leg, call.headers)
    return params | {f"SipHeader_{name}": value for name, value in headers.items()}


async def _refuse(
    services: Services, leg: Leg, call: InboundCall, status: int, reason: str
) -> None:
    log.warning(
        "call.refused",
        sip_status=status,
        reason=reason,
        to=call.to,
        source_ip=call.source_ip,
        sip_call_id=call.sip_call_id,
    )
    services.trace.refused(leg.channel_id, call.sip_call_id, status, reason)
    await leg.hangup(CAUSES.get(status, 34))
