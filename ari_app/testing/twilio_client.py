"""The official Twilio client, pointed elsewhere: only its base URL changes."""

from __future__ import annotations

from typing import Any

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

_TWILIO = "https://api.twilio.com"


class RedirectedHttpClient(TwilioHttpClient):  # type: ignore[misc]  # the package is untyped
    """Sends to ``base_url`` what was meant for Twilio's API. Blocking, as its parent is."""

    def __init__(self, base_url: str, *, timeout: float = 30.0) -> None:
        """Take a base such as ``http://127.0.0.1:8080``; ``timeout`` in seconds."""
        super().__init__(timeout=timeout)
        self._base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Rewrite the URL's beginning and go on as ever."""
        if url.startswith(_TWILIO):
            url = self._base_url + url.removeprefix(_TWILIO)
        response: Response = super().request(method, url, *args, **kwargs)
        return response


def twilio_client(base_url: str, account_sid: str, auth_token: str) -> Client:
    """Return a ``twilio.rest.Client`` that talks to this switch.

    It blocks: within asyncio use ``await asyncio.to_thread(client.calls.create, …)``.
    """
    return Client(account_sid, auth_token, http_client=RedirectedHttpClient(base_url))
