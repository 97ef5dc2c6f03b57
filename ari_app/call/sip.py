"""From REST's ``To`` and ``From`` to what Asterisk dials and shows."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\+?[0-9A-Za-z*#._-]{1,64}")
_SIP_URI = re.compile(r"sips?:[^\s,()|<>&$\\\"{}]{1,255}")

#: The PJSIP endpoint that outbound calls use.
OUTBOUND = "PJSIP/outbound/"


def dial_string(to: str, template: str | None) -> str:
    """Return what Asterisk dials for ``to``: a number through ``template``, or a SIP URI.

    ``template`` is like ``sip:{number}@host:port``. Raises ValueError for a number without a
    template and for anything that could break out of the dial string.
    """
    if to.lower().startswith(("sip:", "sips:")):
        if not _SIP_URI.fullmatch(to):
            raise ValueError(f"not a SIP URI that can be dialled: {to!r}")
        return OUTBOUND + to
    if not _NUMBER.fullmatch(to):
        raise ValueError(f"not a number that can be dialled: {to!r}")
    if not template:
        raise ValueError("no outbound route: set ARISWITCH_OUTBOUND_SIP_URI")
    return OUTBOUND + template.replace("{number}", to)


def caller_id(from_: str) -> str:
    """Return the caller ID that shows ``from_`` as the user of SIP's From header.

    A SIP URI shows its user, ``client:alice`` shows ``alice``. In brackets, because Asterisk
    takes what is no telephone number for a display name otherwise.
    """
    scheme, _, rest = from_.partition(":")
    if scheme.lower() in ("sip", "sips"):
        return f"<{re.split('[@;?:]', rest, maxsplit=1)[0]}>"
    return f"<{rest or from_}>"
