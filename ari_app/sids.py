"""Twilio-shaped identifiers: two letters and 32 lower-case hex digits."""

from __future__ import annotations

import re
import secrets
from typing import Literal

Prefix = Literal["AC", "CA", "CF", "EC", "GT", "MZ", "PN", "NO", "QU", "RE", "RQ", "TR"]

_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


def new_sid(prefix: Prefix) -> str:
    """Return a new random SID, e.g. ``CA`` for a call or ``MZ`` for a stream."""
    return prefix + secrets.token_hex(16)


def is_sid(text: str, prefix: Prefix | None = None) -> bool:
    """Tell whether ``text`` has the form of a SID (of ``prefix`` when one is given)."""
    return _SID.fullmatch(text) is not None and (prefix is None or text.startswith(prefix))
