"""User and password for one call: an endpoint of its own while that is dialled.

ARI: dynamic configuration (Asterisk, ``PUT /asterisk/config/dynamic``); PJSIP takes credentials
from the endpoint only. Nothing of it is written to disk.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.call.whole import whole

CLASS = "res_pjsip"
#: The endpoint that the new one is like.
MODEL = "outbound"
#: Options that Asterisk tells of but does not take as it tells them.
_UNSETTABLE = frozenset({"callerid", "stir_shaken"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the callee's system asks for (RFC 3261 §22)."""

    username: str
    password: str = field(repr=False)


@asynccontextmanager
async def endpoint_for(
    ari: AriClient, name: str, credentials: Credentials | None
) -> AsyncIterator[str]:
    """Give the PJSIP endpoint to dial through: the common one, or one that has credentials.

    ``name`` is unique to the call. Raises AriError when it cannot be made.
    """
    if credentials is None:
        yield MODEL
        return
    config = ari.asterisk
    like = await config.get_object(CLASS, "endpoint", MODEL)
    options = {one.attribute: one.value for one in like if one.value}
    try:
        await whole(
            config.update_object(
                CLASS,
                "auth",
                name,
                fields=_fields(
                    {
                        "auth_type": "userpass",
                        "username": credentials.username,
                        "password": credentials.password,
                    }
                ),
            )
        )
        await whole(
            config.update_object(
                CLASS, "endpoint", name, fields=_fields(options | {"outbound_auth": name})
            )
        )
        yield name
    finally:
        for kind in ("endpoint", "auth"):
            with suppress(AriError):  # not made, or Asterisk has started anew
                await whole(config.delete_object(CLASS, kind, name))


def _fields(options: Mapping[str, str]) -> Mapping[str, Any]:
    pairs = [
        {"attribute": name, "value": value}
        for name, value in options.items()
        if name not in _UNSETTABLE
    ]
    # The description calls it an object; it is a list of pairs.
    return cast("Mapping[str, Any]", pairs)
