"""From a REST ``To`` to a PJSIP dial string."""

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
