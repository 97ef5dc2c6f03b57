"""Fixtures of the HTTP room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from ari_app.errors import TwilioError
from ari_app.http.failures import WebhookError
from ari_app.http.guard import guarded_session
from ari_app.http.overrides import Limits
from ari_app.http.webhooks import WebhookRequest, WebhookResponse, Webhooks
from stream.addresses import UrlPolicy

TOKEN = "the-auth-token"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with guarded_session(UrlPolicy(allow_private=True)) as opened:
        yield opened


class Client:
    """Sends webhooks with an account's token and tells what came of it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.webhooks = Webhooks(session, retry_pause=0)

    def limit(self, **limits: Any) -> None:
        self.webhooks = Webhooks(self.session, limits=Limits(**limits), retry_pause=0)

    async def send(self, url: str, **fields: Any) -> WebhookResponse:
        return await self.webhooks.send(WebhookRequest(url=url, auth_token=TOKEN, **fields))

    async def fail(self, url: str, **fields: Any) -> WebhookError:
        with pytest.raises(TwilioError) as caught:
            await self.send(url, **fields)
        assert isinstance(caught.value, WebhookError)
        return caught.value


@pytest.fixture
def client(session: aiohttp.ClientSession) -> Client:
    return Client(session)
