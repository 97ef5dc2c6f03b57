"""IncomingPhoneNumbers, driven by the official Twilio client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from twilio.base.exceptions import TwilioRestException

from ari_app.model import PhoneNumber
from ari_app.sids import is_sid, new_sid
from ari_app.testing.api_server import ApiServer, api_server


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with api_server(tmp_path) as server:
        yield server


async def test_a_number_s_whole_life(api: ApiServer) -> None:
    numbers = api.twilio.incoming_phone_numbers

    def life() -> None:
        made = numbers.create(
            phone_number="+1 (415) 867-5309",
            voice_url="https://a.example/voice",
            voice_method="GET",
            status_callback="https://a.example/status",
            friendly_name="Main",
        )
        assert is_sid(made.sid, "PN")
        assert made.phone_number == "+14158675309"
        assert (made.voice_url, made.voice_method) == ("https://a.example/voice", "GET")
        assert made.capabilities["voice"] is True
        assert made.voice_caller_id_lookup is False
        fetched = numbers(made.sid).fetch()
        assert (fetched.friendly_name, fetched.status_callback) == (
            "Main",
            "https://a.example/status",
        )
        changed = made.update(voice_url="https://b.example/", voice_caller_id_lookup=True)
        assert (changed.voice_url, changed.voice_method) == ("https://b.example/", "GET")
        assert changed.voice_caller_id_lookup is True
        assert numbers(made.sid).update(voice_url="").voice_url == ""
        assert [n.sid for n in numbers.list(limit=20)] == [made.sid]
        assert made.delete()
        assert numbers.list() == []

    await asyncio.to_thread(life)


async def test_numbers_are_found_by_part_wildcard_and_name(api: ApiServer) -> None:
    numbers = api.twilio.incoming_phone_numbers

    def search() -> None:
        for number in ("+15550001", "+15550012", "+4930123"):
            numbers.create(phone_number=number, friendly_name=f"n {number}")
        assert [n.phone_number for n in numbers.list(phone_number="+15550001")] == ["+15550001"]
        assert len(numbers.list(phone_number="+1555*")) == 2
        assert len(numbers.list(friendly_name="n +4930123")) == 1
        assert len(numbers.local.list()) == 3
        assert numbers.mobile.list() == []
        assert numbers.toll_free.list() == []
        assert len(list(numbers.stream(page_size=1))) == 3

    await asyncio.to_thread(search)
    async with api.session.get(
        f"{api.root}/IncomingPhoneNumbers.json?PhoneNumber=+4930123"
    ) as response:
        body = await response.json()
    assert [n["phone_number"] for n in body["incoming_phone_numbers"]] == ["+4930123"]


async def test_a_default_name_and_twilio_s_fields(api: ApiServer) -> None:
    form = {"PhoneNumber": "+15550001", "SmsUrl": "https://ignored.example/", "Unknown": "x"}
    async with api.session.post(f"{api.root}/IncomingPhoneNumbers.json", data=form) as response:
        assert response.status == 201
        body = await response.json()
    assert body["friendly_name"] == "+15550001"
    assert set(body) >= {
        "sid", "account_sid", "phone_number", "friendly_name", "api_version", "voice_url",
        "voice_method", "voice_fallback_url", "voice_fallback_method", "voice_application_sid",
        "voice_caller_id_lookup", "voice_receive_mode", "status_callback",
        "status_callback_method", "trunk_sid", "sms_url", "sms_method", "sms_fallback_url",
        "sms_fallback_method", "sms_application_sid", "capabilities", "address_requirements",
        "address_sid", "identity_sid", "bundle_sid", "emergency_status",
        "emergency_address_sid", "emergency_address_status", "beta", "origin", "status", "type",
        "date_created", "date_updated", "uri",
    }  # fmt: skip
    assert body["status"] == "in-use"
    assert set(body["capabilities"]) == {"voice", "sms", "mms", "fax"}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 21421),
        ({"PhoneNumber": "abc"}, 21421),
        ({"PhoneNumber": "+1" + "5" * 40}, 21421),
        ({"AreaCode": "415"}, 21452),
        ({"PhoneNumber": "+1", "VoiceUrl": "nonsense"}, 21402),
        ({"PhoneNumber": "+1", "VoiceMethod": "PATCH"}, 21403),
        ({"PhoneNumber": "+1", "FriendlyName": "x" * 65}, 20002),
        ({"PhoneNumber": "+1", "VoiceApplicationSid": "AP" + "0" * 32}, 21218),
        ({"PhoneNumber": "+1", "TrunkSid": "TK" + "0" * 32}, 20001),
    ],
)
async def test_bad_numbers_are_refused(api: ApiServer, form: dict[str, str], code: int) -> None:
    async with api.session.post(f"{api.root}/IncomingPhoneNumbers.json", data=form) as response:
        assert (response.status, (await response.json())["code"]) == (400, code)


async def test_a_taken_number_is_21422(api: ApiServer) -> None:
    create = api.twilio.incoming_phone_numbers.create
    await asyncio.to_thread(create, phone_number="+15550001")
    with pytest.raises(TwilioRestException) as caught:
        await asyncio.to_thread(create, phone_number="15550001")
    assert caught.value.code == 21422


async def test_a_number_of_the_config_file_is_read_only(api: ApiServer) -> None:
    now = datetime.now(UTC)
    number = PhoneNumber(
        sid=new_sid("PN"), account_sid=api.account.sid, phone_number="+1", friendly_name="x",
        origin="config", date_created=now, date_updated=now,
    )  # fmt: skip
    await api.store.numbers.sync_config([number])
    context = api.twilio.incoming_phone_numbers(number.sid)
    assert (await asyncio.to_thread(context.fetch)).phone_number == "+1"

    def refused() -> list[int]:
        codes = []
        for change in (lambda: context.update(voice_url=""), context.delete):
            with pytest.raises(TwilioRestException) as caught:
                change()
            codes.append(caught.value.code)
        return codes

    assert await asyncio.to_thread(refused) == [20006, 20006]


async def test_an_unknown_number_is_404(api: ApiServer) -> None:
    context = api.twilio.incoming_phone_numbers(new_sid("PN"))
    for act in (context.fetch, context.delete, context.update):
        with pytest.raises(TwilioRestException) as caught:
            await asyncio.to_thread(act)
        assert (caught.value.status, caught.value.code) == (404, 20404)
