"""The few REST requests that the command line makes (Twilio REST API, 2010-04-01)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import aiohttp

from ari_app.node.errors import NodeError
from ari_app.settings import Settings


async def request(
    settings: Settings, method: str, resource: str, params: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Send one request for ``resource`` of the account, e.g. ``Calls``; returns the JSON.

    Needs settings with account and token. Raises NodeError with Twilio's code and message, or
    when nobody answers.
    """
    token = settings.auth_token.get_secret_value() if settings.auth_token else ""
    login = base64.b64encode(f"{settings.account_sid}:{token}".encode()).decode()
    base = f"http://{settings.host}:{settings.http_port}"
    url = f"{base}/2010-04-01/Accounts/{settings.account_sid}/{resource}.json"
    timeout = aiohttp.ClientTimeout(total=20)
    asked = dict(params or {})
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(
                method,
                url,
                headers={"Authorization": f"Basic {login}"},
                params=asked if method == "GET" else None,
                data=None if method == "GET" else asked,
            ) as answer,
        ):
            if answer.status == 204:
                return {}
            body: dict[str, Any] = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NodeError(f"{base} gives no answer ({error}). Is the node up?") from error
    if answer.status >= 400:
        raise NodeError(f"{answer.status}: {body.get('message')} (error {body.get('code')})")
    return body


async def add_number(settings: Settings, number: str, **params: str) -> dict[str, Any]:
    """Create an IncomingPhoneNumber; ``params`` are Twilio's own, e.g. ``VoiceUrl``."""
    return await request(
        settings, "POST", "IncomingPhoneNumbers", {"PhoneNumber": number, **params}
    )


async def list_numbers(settings: Settings) -> list[dict[str, Any]]:
    """Fetch up to 1000 IncomingPhoneNumbers."""
    page = await request(settings, "GET", "IncomingPhoneNumbers", {"PageSize": "1000"})
    found: list[dict[str, Any]] = page["incoming_phone_numbers"]
    return found


async def remove_number(settings: Settings, number: str) -> None:
    """Delete an IncomingPhoneNumber named by its number or its SID."""
    wanted = number.lstrip("+")
    for item in await list_numbers(settings):
        if number == item["sid"] or item["phone_number"].lstrip("+") == wanted:
            await request(settings, "DELETE", f"IncomingPhoneNumbers/{item['sid']}")
            return
    raise NodeError(f"There is no number {number}.")
