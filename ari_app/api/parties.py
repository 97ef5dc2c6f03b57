"""Who calls whom: the forms of To and From that REST takes (Twilio: Call create)."""

from __future__ import annotations

import re

from ari_app.api.ports import ApiError

_SEPARATORS = str.maketrans("", "", " -.()")
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
#: No white space, angle brackets, quotes or controls: these would leave their place in a header.
_SIP = re.compile(r"sips?:[^\s<>\"\\\x00-\x1f\x7f]{1,500}", re.IGNORECASE)
_CLIENT = re.compile(r"client:[A-Za-z0-9_.\-@+]{1,121}")
_NAME = re.compile(r"[A-Za-z0-9_.\-+]{1,64}")


def number(text: str) -> str | None:
    """Return a telephone number without visual separators, or None if it is none."""
    # A plus sent without escaping arrives as a blank.
    plain = "+" + text.strip() if text.startswith(" ") else text
    plain = plain.translate(_SEPARATORS)
    return plain if _NUMBER.fullmatch(plain) else None


def callee(text: str | None) -> str:
    """Return ``To`` checked. Raises ApiError 21201 (missing) or 21211 (invalid)."""
    if not text or not text.strip():
        raise ApiError(400, 21201, "No 'To' number is specified")
    party = _party(text)
    if party is None:
        raise ApiError(400, 21211, f"The 'To' number {text[:100]} is not valid")
    return party


def caller(text: str | None) -> str:
    """Return ``From`` checked. Raises ApiError 21213 (missing) or 21212 (invalid)."""
    if not text or not text.strip():
        raise ApiError(400, 21213, "No 'From' number is specified")
    party = _party(text)
    if party is None and _NAME.fullmatch(text.strip()):
        party = text.strip()
    if party is None:
        raise ApiError(400, 21212, f"The 'From' number {text[:100]} is not valid")
    return party


def as_filter(text: str | None) -> str | None:
    """Return a party to look for in a list, in the form calls are stored in."""
    return None if not text else number(text) or text.strip()


def _party(text: str) -> str | None:
    plain = text.strip()
    if _SIP.fullmatch(plain) or _CLIENT.fullmatch(plain):
        return plain
    return number(text)
