"""Streams of a call, driven by the official Twilio client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ari_app.api.ports import ApiError, CreateStream
from ari_app.model import Endpoint
from ari_app.sids import is_sid, new_sid
from ari_app.testing.api_server import ApiServer, api_server

CALL = new_sid("CA")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as server:
        yield server


async def create(api: ApiServer, **params: Any) -> Any:
    return await asyncio.to_thread(api.twilio.calls(CALL).streams.create, **params)


async def refusal(function: Any, **kwargs: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(function, **kwargs)
    return caught.value.status, caught.value.code


async def test_create_hands_every_parameter_over(api: ApiServer) -> None:
    stream = await create(
        api,
        url="wss://bot.example/a",
        name="my stream",
        track="both_tracks",
        status_callback="https://a.example/s",
        status_callback_method="GET",
        parameter1_name="one",
        parameter1_value="1",
        parameter99_name="last",
        parameter99_value="99",
    )
    assert is_sid(stream.sid, "MZ")
    assert (stream.call_sid, stream.name, stream.status) == (CALL, "my stream", "in-progress")
    assert stream.uri.endswith(f"/Calls/{CALL}/Streams/{stream.sid}.json")
    assert stream.date_updated is not None
    [asked] = api.beside.started
    assert isinstance(asked, CreateStream)
    assert (asked.url, asked.name, asked.track) == (
        "wss://bot.example/a",
        "my stream",
        "both_tracks",
    )
    assert asked.status_callback == Endpoint(url="https://a.example/s", method="GET")
    assert asked.parameters == {"one": "1", "last": "99"}


async def test_the_url_alone_is_enough(api: ApiServer) -> None:
    stream = await create(api, url="wss://bot.example/a")
    assert stream.name == stream.sid
    [asked] = api.beside.started
    assert isinstance(asked, CreateStream)
    assert (asked.track, asked.status_callback, asked.parameters) == ("inbound_track", None, {})


@pytest.mark.parametrize("by", ["sid", "name"])
async def test_stopped_by_sid_or_name(api: ApiServer, by: str) -> None:
    stream = await create(api, url="wss://bot.example/a", name="a name.json")
    which = api.twilio.calls(CALL).streams(getattr(stream, by))
    stopped = await asyncio.to_thread(which.update, status="stopped")
    assert (stopped.sid, stopped.status) == (stream.sid, "stopped")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"url": ""}, 21205),
        ({"url": "https://bot.example/"}, 31922),
        ({"url": "wss://bot.example/", "track": "x"}, 31941),
        ({"url": "wss://bot.example/", "status_callback": "x"}, 21205),
        ({"url": "wss://b/", "parameter1_name": "n", "parameter1_value": "v" * 500}, 20001),
    ],
)
async def test_bad_parameters(api: ApiServer, params: dict[str, str], code: int) -> None:
    create = api.twilio.calls(CALL).streams.create
    assert await refusal(create, **params) == (400, code)


async def test_refusals_of_the_call_come_through(api: ApiServer) -> None:
    streams = api.twilio.calls(CALL).streams
    api.beside.fail_with = ApiError(400, 21220, "Call is not in the expected state")
    assert await refusal(streams.create, url="wss://bot.example/") == (400, 21220)
    assert await refusal(streams("nobody").update, status="stopped") == (404, 20404)
