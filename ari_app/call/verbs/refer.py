"""``<Refer>``: have the far end call somebody else (Twilio: TwiML Refer; RFC 3515)."""

from __future__ import annotations

import asyncio

import structlog

from ari_app.call.absence import Referred
from ari_app.call.context import CallContext
from ari_app.call.outcome import Goto, Outcome
from ari_app.call.sip import refer_to
from ari_app.errors import TwilioError
from ari_app.model import CallStatus
from twiml import Refer

log = structlog.get_logger(__name__)

NOT_SIP = 13801
BAD_SIP_URI = 13243
ACCEPTED = 202
#: Codes by which a far end says that it does not do REFER, rather than how its call went.
_REFUSALS = frozenset({400, 401, 403, 405, 407, 420, 481, 489, 501, 603})
_STATUS = {
    486: CallStatus.BUSY,
    600: CallStatus.BUSY,
    408: CallStatus.NO_ANSWER,
    480: CallStatus.NO_ANSWER,
    487: CallStatus.CANCELED,
}


async def run(ctx: CallContext, verb: Refer) -> Outcome:
    """Send REFER and wait until the far end tells how its new call went; then ``action``.

    Raises TwilioError: 13243 for an address that cannot be sent, 13801 when the leg is not SIP.
    """
    try:
        target = refer_to(verb.uri)
    except ValueError as error:
        raise TwilioError(BAD_SIP_URI, str(error)) from error
    await ctx.answer()
    try:
        referred = await ctx.leg.absence.refer(target)
    except asyncio.CancelledError:
        if not ctx.ending:
            await ctx.leg.absence.recall()
        raise
    log.info("refer.ended", call_sid=ctx.call_sid, result=referred)
    if referred is not None and referred.status == "UNSUPPORTED":
        raise TwilioError(NOT_SIP, "only SIP calls can be referred")
    if not verb.action:
        return None
    following = ctx.fetch(verb.action, verb.method, **_params(referred))
    return Goto(following)


def _params(referred: Referred | None) -> dict[str, str]:
    """Return the parameters of the action request beside the standard ones."""
    if referred is None:
        return {"ReferCallStatus": str(CallStatus.CANCELED)}
    if referred.status == "SUCCESS":
        return _told(CallStatus.IN_PROGRESS, ACCEPTED, 200)
    code = referred.sip_code
    if not code or code in _REFUSALS:
        return _told(CallStatus.FAILED, code or 500, None)
    return _told(_STATUS.get(code, CallStatus.FAILED), ACCEPTED, code)


def _told(status: CallStatus, refer: int, notify: int | None) -> dict[str, str]:
    params = {"ReferCallStatus": str(status), "ReferSipResponseCode": str(refer)}
    if notify is not None:
        params["NotifySipResponseCode"] = str(notify)
    return params
