"""Standard parameters of webhooks (contract 2.6, 4.1, 4.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.model import CallRecord, CallStatus, Direction
from ari_app.params import call_status_params, stream_status_params, voice_params

AC, CA, MZ = "AC" + "a" * 32, "CA" + "b" * 32, "MZ" + "c" * 32
NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)
GEO = {
    side + part
    for side in ("From", "To", "Caller", "Called")
    for part in ("City", "State", "Zip", "Country")
}


def call(**changes: Any) -> CallRecord:
    fields: dict[str, Any] = {
        "sid": CA,
        "account_sid": AC,
        "direction": Direction.INBOUND,
        "from_": "+14155550100",
        "to": "+14155550199",
        "status": CallStatus.RINGING,
        "date_created": NOON,
        "date_updated": NOON,
    }
    return CallRecord(**{**fields, **changes})


def test_fact_21_standard_parameters_with_empty_geography() -> None:
    params = voice_params(call())
    assert {name: value for name, value in params.items() if name not in GEO} == {
        "CallSid": CA,
        "AccountSid": AC,
        "ApiVersion": "2010-04-01",
        "Direction": "inbound",
        "CallStatus": "ringing",
        "From": "+14155550100",
        "Caller": "+14155550100",
        "To": "+14155550199",
        "Called": "+14155550199",
    }
    assert len(GEO) == 16
    assert {params[name] for name in GEO} == {""}


def test_geography_belongs_to_phone_numbers_only() -> None:
    params = voice_params(call(from_="sip:alice@example.com", to="+14155550199"))
    assert {name for name in params if name in GEO} == {
        name for name in GEO if name.startswith(("To", "Called"))
    }
    assert not GEO & voice_params(call(from_="anonymous", to="client:bob")).keys()


def test_optional_parameters_appear_when_known() -> None:
    params = voice_params(
        call(forwarded_from="+1999", parent_call_sid="CA9", sip_call_id="x@y", answered_by="human"),
        status=CallStatus.IN_PROGRESS,
        extra={"Digits": "12", "SipHeader_X-Route-Id": "7"},
    )
    expected = {
        "CallStatus": "in-progress",
        "ForwardedFrom": "+1999",
        "ParentCallSid": "CA9",
        "SipCallId": "x@y",
        "AnsweredBy": "human",
        "Digits": "12",
        "SipHeader_X-Route-Id": "7",
    }
    assert expected.items() <= params.items()


def test_fact_22_progress_event() -> None:
    params = call_status_params(
        call(direction=Direction.OUTBOUND_API),
        status=CallStatus.INITIATED,
        sequence=0,
        timestamp=datetime(2026, 2, 2, 13, tzinfo=timezone(timedelta(hours=1))),
    )
    assert params["CallbackSource"] == "call-progress-events"
    assert params["SequenceNumber"] == "0"
    assert params["CallStatus"] == "initiated"
    assert params["Timestamp"] == "Mon, 02 Feb 2026 12:00:00 +0000"
    assert not {"CallDuration", "Duration", "SipResponseCode"} & params.keys()


def test_fact_22_answered_event_says_in_progress() -> None:
    params = call_status_params(call(), status=CallStatus.IN_PROGRESS, sequence=2, timestamp=NOON)
    assert params["CallStatus"] == "in-progress"


def test_final_event_of_a_busy_call_has_the_observed_keys() -> None:
    params = call_status_params(
        call(direction=Direction.OUTBOUND_API, sip_response_code=486),
        status=CallStatus.BUSY,
        sequence=2,
        timestamp=NOON,
    )
    observed = (
        "Called ToState CallerCountry Direction Timestamp CallbackSource SipResponseCode "
        "CallerState ToZip SequenceNumber CallSid To CallerZip ToCountry CalledZip ApiVersion "
        "CalledCity CallStatus Duration From CallDuration AccountSid CalledCountry CallerCity "
        "ToCity FromCountry Caller FromCity CalledState FromZip FromState"
    )
    assert set(params) == set(observed.split())
    assert (params["SipResponseCode"], params["Duration"], params["CallDuration"]) == (
        "486",
        "0",
        "0",
    )


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, "0"), (1, "1"), (49, "1"), (60, "1"), (61, "2"), (3600, "60")]
)
def test_duration_counts_begun_minutes(seconds: int, minutes: str) -> None:
    params = call_status_params(
        call(duration=seconds), status=CallStatus.COMPLETED, sequence=3, timestamp=NOON
    )
    assert (params["CallDuration"], params["Duration"]) == (str(seconds), minutes)


def test_stream_events_do_not_look_like_call_events() -> None:
    params = stream_status_params(
        account_sid=AC,
        call_sid=CA,
        stream_sid=MZ,
        name="",
        event="stream-started",
        timestamp=NOON,
    )
    assert params == {
        "AccountSid": AC,
        "CallSid": CA,
        "StreamSid": MZ,
        "StreamName": "",
        "StreamEvent": "stream-started",
        "Timestamp": "2026-02-02T12:00:00.000Z",
    }


def test_stream_error_has_its_text() -> None:
    params = stream_status_params(
        account_sid=AC,
        call_sid=CA,
        stream_sid=MZ,
        name="bot",
        event="stream-error",
        timestamp=NOON,
        error="31920: handshake refused",
    )
    assert params["StreamError"] == "31920: handshake refused"


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1990, 1, 1)))  # noqa: DTZ001
def test_timestamps_are_utc_and_exact_to_the_second(moment: datetime) -> None:
    params = call_status_params(call(), status=CallStatus.RINGING, sequence=1, timestamp=moment)
    assert params["Timestamp"].endswith(" +0000")
    read = parsedate_to_datetime(params["Timestamp"])
    assert read == moment.astimezone(UTC).replace(microsecond=0)
