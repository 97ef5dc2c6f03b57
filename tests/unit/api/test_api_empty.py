"""Resources that hold nothing here, asked for by the official Twilio client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from twilio.base.exceptions import TwilioException

from ari_app.testing.api_server import ApiServer, api_server


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as server:
        yield server


async def test_fact_17_caller_ids_keys_and_events_are_empty_lists(api: ApiServer) -> None:
    client = api.twilio
    assert await asyncio.to_thread(client.outgoing_caller_ids.list) == []
    assert await asyncio.to_thread(client.keys.list) == []
    call = await asyncio.to_thread(
        client.calls.create, to="+15550003", from_="+15550001", twiml="<Response/>"
    )
    assert await asyncio.to_thread(call.events.list) == []
    with pytest.raises(TwilioException, match="20404"):
        await asyncio.to_thread(client.calls("CA" + "0" * 32).events.list)


async def test_balance_is_nothing(api: ApiServer) -> None:
    balance = await asyncio.to_thread(api.twilio.balance.fetch)
    assert (balance.balance, balance.currency) == ("0.00", "USD")
    assert balance.account_sid == api.twilio.account_sid
