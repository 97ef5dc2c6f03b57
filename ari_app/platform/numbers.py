"""Telephone numbers as SIP brings them, in one form."""

from __future__ import annotations

import re
from urllib.parse import unquote

#: RFC 3966: visual separators carry no meaning.
_SEPARATORS = str.maketrans("", "", " -.()")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_LONGEST = 512


def normalize(user: str) -> str | None:
    """Return the number in a SIP or tel URI, its user part or plain text; None if it is none.

    URL escapes are resolved (``%2B`` is ``+``), URI parameters, password and host cut off, visual
    separators dropped, ``00`` kept as dialled. A leading plus is kept where it was written:
    lookups do without it (RFC 3261 §19.1, RFC 3966 §3).
    """
    if len(user) > _LONGEST:
        return None
    text = user.strip().strip("<>")
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "tel"):
        text = rest
    text = text.partition("@")[0].partition(";")[0].partition("?")[0].partition(":")[0]
    text = unquote(text).translate(_SEPARATORS)
    return text if _NUMBER.fullmatch(text) else None
