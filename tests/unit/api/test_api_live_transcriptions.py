"""Live transcriptions of a call, driven by the official Twilio client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from twilio.base.exceptions import TwilioRestException

from ari_app.api.ports import CreateTranscription
from ari_app.model import Endpoint
from ari_app.sids import is_sid, new_sid
from ari_app.testing.api_server import ApiServer, api_server

CALL = new_sid("CA")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as server:
        yield server


async def test_create_hands_every_parameter_over(api: ApiServer) -> None:
    made = await asyncio.to_thread(
        api.twilio.calls(CALL).transcriptions.create,
        name="t",
        track="inbound_track",
        status_callback_url="https://a.example/t",
        status_callback_method="GET",
        inbound_track_label="caller",
        partial_results=True,
        profanity_filter=False,
        language_code="en-GB",
        transcription_engine="Deepgram",
        speech_model="nova",
        hints="one, two",
    )
    assert is_sid(made.sid, "GT")
    assert (made.call_sid, made.name, made.status) == (CALL, "t", "in-progress")
    assert made.uri.endswith(f"/Calls/{CALL}/Transcriptions/{made.sid}.json")
    assert api.beside.started == [
        CreateTranscription(
            name="t",
            track="inbound_track",
            status_callback=Endpoint(url="https://a.example/t", method="GET"),
            language="en-GB",
            engine="deepgram",
            model="nova",
            hints=("one", "two"),
            partial_results=True,
            profanity_filter=False,
            inbound_label="caller",
        )
    ]
    which = api.twilio.calls(CALL).transcriptions("t")
    stopped = await asyncio.to_thread(which.update, status="stopped")
    assert (stopped.sid, stopped.status) == (made.sid, "stopped")


async def test_nothing_need_be_given(api: ApiServer) -> None:
    made = await asyncio.to_thread(api.twilio.calls(CALL).transcriptions.create)
    assert made.name == made.sid
    assert api.beside.started == [CreateTranscription()]


@pytest.mark.parametrize(
    ("params", "code"),
    [({"track": "x"}, 31941), ({"status_callback_url": "x"}, 21205), ({"hints": "x" * 101}, 13330)],
)
async def test_bad_parameters(api: ApiServer, params: dict[str, str], code: int) -> None:
    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(api.twilio.calls(CALL).transcriptions.create, **params)
    assert (caught.value.status, caught.value.code) == (400, code)
