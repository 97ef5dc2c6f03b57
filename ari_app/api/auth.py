"""HTTP Basic with ``AccountSid:AuthToken``.

A wrong SID and a wrong token cannot be told apart, by answer or by time taken: the token is
always compared, in constant time, against something of the right kind.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from aiohttp import web

from ari_app.api.errors import error_response
from ari_app.api.ports import ApiStore
from ari_app.model import Account

#: Longer than any SID and token; more is not worth decoding.
_LONGEST = 1024


class Authenticator:
    """Tells which account a request speaks for."""

    def __init__(self, store: ApiStore) -> None:
        self._store = store
        # Compared against when there is no such account.
        self._nobody = secrets.token_hex(16)

    async def account(self, request: web.Request) -> Account | None:
        """Return the account whose credentials the request bears, or None.

        Raises:
            StoreUnavailable: the credentials cannot be checked now.
        """
        sid, token = _credentials(request.headers.get("Authorization", ""))
        account = await self._store.accounts.find(sid)
        expected = self._nobody if account is None else account.auth_token
        # Digests have one length: compare_digest would give away that of the token.
        matches = hmac.compare_digest(_digest(token), _digest(expected))
        if account is None or not matches or account.status == "closed":
            return None
        return account


def unauthorized() -> web.Response:
    """Return the one answer for all bad credentials (Twilio: 20003)."""
    return error_response(
        401,
        20003,
        "Authenticate",
        {"WWW-Authenticate": 'Basic realm="Twilio API"'},
        detail="Your AccountSid or AuthToken was incorrect.",
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > _LONGEST:
        return "", ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    if "\0" in text:  # PostgreSQL takes no NUL, and no SID has one
        return "", ""
    sid, _, token = text.partition(":")
    return sid[:64], token
