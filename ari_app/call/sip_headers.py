"""X- headers that came by SIP, for webhooks: those of an INVITE, and of the answer to one.

Asterisk: PJSIP_HEADER, PJSIP_RESPONSE_HEADER and the functions that list names.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.leg import Leg

log = structlog.get_logger(__name__)

#: How many headers webhooks tell of, and how much of each.
MAX_HEADERS = 20
MAX_HEADER = 256
_HEADER = re.compile(r"[Xx]-[A-Za-z0-9_.-]{1,60}")


def tellable(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``names`` that are told, each once, in order."""
    return tuple(dict.fromkeys(filter(_HEADER.fullmatch, names)))[:MAX_HEADERS]


async def invite_headers(leg: Leg, names: Iterable[str]) -> dict[str, str]:
    """Return these headers of the INVITE that a call came in with."""
    return await _read(leg, "PJSIP_HEADER", names)


async def answer_headers(leg: Leg) -> dict[str, str]:
    """Return the X- headers of the 200 with which a callee answered."""
    try:
        names = await leg.variable("PJSIP_RESPONSE_HEADERS(X-)")
    except AriError as error:
        log.warning("call.headers_unread", channel_id=leg.channel_id, error=str(error))
        return {}
    return await _read(leg, "PJSIP_RESPONSE_HEADER", tellable(names.split(",")))


async def _read(leg: Leg, function: str, names: Iterable[str]) -> dict[str, str]:
    """Read headers by name; a call does not depend on them, so a failure leaves them out."""
    names = tuple(names)
    try:
        values = await asyncio.gather(*(leg.variable(f"{function}(read,{name})") for name in names))
    except AriError as error:
        log.warning("call.headers_unread", channel_id=leg.channel_id, error=str(error))
        return {}
    return {name: value[:MAX_HEADER] for name, value in zip(names, values, strict=True)}
