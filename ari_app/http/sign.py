"""Twilio's request signature.

Twilio: Webhooks security. HMAC-SHA1 with the account's auth token over the URL as requested,
followed by name and value of each form field sorted by name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

#: Form fields; a sequence stands for a repeated name.
Params = Mapping[str, str | Sequence[str]]


def signature(auth_token: str, url: str, params: Params | None = None) -> str:
    """Return the value of ``X-Twilio-Signature`` (base64).

    ``url`` is signed to the letter (``https``, or ``wss`` for a stream's upgrade), without
    fragment. ``params`` are the fields of a POST form; a GET has them in its URL, so none are
    given. Names sort by code point; values of a repeated name are unique and sorted.
    """
    parts = [url.partition("#")[0]]
    for name in sorted(params or {}):
        parts.extend(name + value for value in sorted(set(values(params or {}, name))))
    mac = hmac.new(auth_token.encode(), "".join(parts).encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def values(params: Params, name: str) -> Sequence[str]:
    """Return the values of ``name``: one, or those of a repeated field."""
    value = params[name]
    return [value] if isinstance(value, str) else value
