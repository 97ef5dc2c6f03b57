"""Messages as Twilio writes and reads them (Twilio: WebSocket messages)."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.fragments import FragmentError, Fragments
from stream.messages import BadMessage, Clear, Mark, Media, Writer, decode, mark_label

SID = "MZ" + "0" * 32


def writer(**parameters: str) -> Writer:
    return Writer(SID, "CA1", "AC1", parameters)


def test_golden_transcript() -> None:
    """Facts 1 to 4 and 15: types, names and order of every field, one counter for all."""
    out = writer(name='va"lue', empty="")
    assert out.start() == (
        b'{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"%b",'
        b'"callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw",'
        b'"sampleRate":8000,"channels":1},"customParameters":{"name":"va\\"lue","empty":""}},'
        b'"streamSid":"%b"}' % (SID.encode(), SID.encode())
    )
    assert out.media(0, b"\xff" * 3) == (
        b'{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1",'
        b'"timestamp":"0","payload":"////"},"streamSid":"%b"}' % SID.encode()
    )
    assert out.dtmf("#") == (
        b'{"event":"dtmf","streamSid":"%b","sequenceNumber":"3",'
        b'"dtmf":{"track":"inbound_track","digit":"#"}}' % SID.encode()
    )
    assert out.mark(b'"my label"') == (
        b'{"event":"mark","sequenceNumber":"4","streamSid":"%b","mark":{"name":"my label"}}'
        % SID.encode()
    )
    assert out.media(20, b"abc").startswith(
        b'{"event":"media","sequenceNumber":"5","media":{"track":"inbound","chunk":"2",'
        b'"timestamp":"20"'
    )
    assert out.stop() == (
        b'{"event":"stop","sequenceNumber":"6","streamSid":"%b",'
        b'"stop":{"accountSid":"AC1","callSid":"CA1"}}' % SID.encode()
    )


def test_no_parameters_are_an_empty_object() -> None:
    """Fact 15."""
    assert json.loads(writer().start())["start"]["customParameters"] == {}


@given(st.dictionaries(st.text(), st.text(), max_size=4), st.text(), st.binary(max_size=200))
def test_whatever_the_texts_are_the_json_is_right(
    parameters: dict[str, str], sid: str, frame: bytes
) -> None:
    """A quote, a percent sign or a line break in a name breaks nothing."""
    out = Writer(sid, sid, sid, parameters)
    start = json.loads(out.start())
    assert start["start"]["customParameters"] == parameters
    assert start["streamSid"] == start["start"]["streamSid"] == sid
    media = json.loads(out.media(40, frame))
    assert base64.b64decode(media["media"]["payload"]) == frame
    assert media["streamSid"] == sid
    assert json.loads(out.stop())["stop"] == {"accountSid": sid, "callSid": sid}


@pytest.mark.parametrize(
    "name", ["a", 'q"uo\\te', "", "Ünï", "x" * 1022, 7, -1, 2.5, 1e300, 10**30]
)
def test_a_mark_comes_back_with_its_own_type(name: Any) -> None:
    """Fact 7: the name may be a JSON number."""
    message = decode(json.dumps({"event": "mark", "mark": {"name": name}}).encode(), SID)
    assert isinstance(message, Mark)
    echoed = json.loads(writer().mark(message.name))["mark"]["name"]
    assert (echoed, type(echoed)) == (name, type(name))
    assert mark_label(message.name) == (name[:256] if isinstance(name, str) else json.dumps(name))


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"mark"}',
        '{"event":"mark","mark":null}',
        '{"event":"mark","mark":{}}',
        '{"event":"mark","mark":{"name":null}}',
    ],
)
def test_a_mark_without_a_name_is_tolerated(text: str) -> None:
    """Fact 7: the OpenAI demo sends it."""
    message = decode(text.encode(), SID)
    assert isinstance(message, Mark)
    assert message.name == b""


@given(st.binary(max_size=500), st.booleans(), st.booleans())
def test_base64_of_every_habit_is_understood(audio: bytes, url_safe: bool, padded: bool) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(audio).decode()
    text = text if padded else text.rstrip("=")
    message = decode(json.dumps({"event": "media", "media": {"payload": text}}).encode(), SID)
    assert isinstance(message, Media)
    assert message.media.payload == audio


def test_unknown_fields_are_ignored() -> None:
    """A bot may send the inbound media object back as it came."""
    echo = json.loads(writer().media(20, b"abc")) | {"x": [1, {}]}
    echo["media"]["more"] = None
    message = decode(json.dumps(echo).encode(), SID)
    assert isinstance(message, Media)
    assert message.media.payload == b"abc"


def test_stream_sid_may_be_missing_but_not_wrong() -> None:
    assert isinstance(decode(b'{"event":"clear"}', SID), Clear)
    assert isinstance(decode(json.dumps({"event": "clear", "streamSid": SID}).encode(), SID), Clear)
    with pytest.raises(BadMessage) as bad:
        decode(b'{"event":"clear","streamSid":"MZother"}', SID)
    assert bad.value.code == 31951


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"null",
        b"[]",
        b"{}",
        b'{"event":5}',
        b'{"event":"start"}',
        b'{"event":"stop"}',
        b'{"event":"media"}',
        b'{"event":"media","media":{}}',
        b'{"event":"media","media":{"payload":5}}',
        b'{"event":"media","media":{"payload":"A"}}',
        b'{"event":"media","media":{"payload":"\xc3\xa4"}}',
        b'{"event":"media","media":{"payload":"A*=="}}',
        b'{"event":"mark","mark":"x"}',
        b'{"event":"mark","mark":{"name":{}}}',
        b'{"event":"mark","mark":{"name":[[[[]]]]}}',
        b'{"event":"mark","mark":{"name":true}}',
        b'{"event":"mark","mark":{"name":"' + b"x" * 1023 + b'"}}',
        b'{"event":"clear","streamSid":5}',
        b'{"event":"clear"',
        b'{"event":"clear"}{"event":"clear"}',
        b"[" * 300_000,
        b'{"a":' * 300_000,
        b'{"event":"mark","mark":{"name":' + b"[" * 300_000 + b"]" * 300_000 + b"}}",
    ],
)
def test_invalid_messages_are_31951(text: bytes) -> None:
    with pytest.raises(BadMessage) as bad:
        decode(text, SID)
    assert bad.value.code == 31951
    assert len(bad.value.reason) < 300


def test_text_that_is_not_utf_8_is_31950() -> None:
    with pytest.raises(BadMessage) as bad:
        decode(b'{"event":"\xff"}', SID)
    assert bad.value.code == 31950


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_bad_message(text: bytes) -> None:
    with contextlib.suppress(BadMessage):
        assert isinstance(decode(text, SID), Media | Mark | Clear)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=20), st.booleans())
def test_fragments_join(parts: list[bytes], text: bool) -> None:
    """RFC 6455 §5.4."""
    fragments = Fragments()
    whole: object = fragments.begin(parts[0], len(parts) == 1, text)
    for number, part in enumerate(parts[1:], start=2):
        assert whole is None
        whole = fragments.proceed(part, number == len(parts))
    assert whole == (parts[0] if len(parts) == 1 else (b"".join(parts), text))
    assert fragments.begin(b"next", True, text) == b"next"


def test_fragments_out_of_order_or_out_of_bounds_are_errors() -> None:
    with pytest.raises(FragmentError) as bad:
        Fragments().proceed(b"x", True)
    assert bad.value.close_code == 1002
    fragments = Fragments(limit=100)
    fragments.begin(b"x" * 60, False, True)
    with pytest.raises(FragmentError) as bad:
        fragments.begin(b"y", True, True)
    assert bad.value.close_code == 1002
    with pytest.raises(FragmentError) as bad:
        fragments.proceed(b"x" * 60, True)
    assert bad.value.close_code == 1009
