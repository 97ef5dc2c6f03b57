"""Events as Asterisk 22.10.1 sent them (tests/wire/ari)."""

from __future__ import annotations

import json
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ari_app.ari import UnknownEvent, channels_of
from ari_app.ari.decode import decode
from ari_app.ari.events import (
    AnyEvent,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    Dial,
    Event,
    PlaybackFinished,
    RecordingFinished,
    StasisStart,
)

FOLDER = Path(__file__).parents[2] / "wire" / "ari"
FILES = sorted(FOLDER.glob("*.json"))


def load(name: str) -> Event:
    event = decode((FOLDER / f"{name}.json").read_bytes())
    assert event is not None
    return event


def assert_nothing_lost(wire: Any, struct: Any) -> None:
    """Every member that Asterisk sent is a field of ours with the same value."""
    if isinstance(struct, msgspec.Struct):
        fields = {f.encode_name: getattr(struct, f.name) for f in msgspec.structs.fields(struct)}
        for name, value in wire.items():
            if name == "type":
                continue
            assert name in fields, f"{type(struct).__name__} has no {name}"
            assert_nothing_lost(value, fields[name])
    else:
        assert struct == wire


@pytest.mark.parametrize("file", FILES, ids=[f.stem for f in FILES])
def test_real_event_is_typed_and_whole(file: Path) -> None:
    wire = json.loads(file.read_bytes())
    event = decode(file.read_bytes())
    assert event is not None
    assert event.type == wire["type"] == type(event).__name__
    assert not isinstance(event, UnknownEvent)
    assert_nothing_lost(wire, event)


def test_busy_peer_has_sip_status_beside_the_cause() -> None:
    event = load("ChannelDestroyed-busy")
    assert isinstance(event, ChannelDestroyed)
    assert (event.cause, event.cause_txt, event.tech_cause) == (17, "User busy", 486)


def test_ended_call_without_sip_status() -> None:
    event = load("ChannelDestroyed")
    assert isinstance(event, ChannelDestroyed)
    assert event.tech_cause is None


def test_key_dial_and_hangup_request() -> None:
    key, dial, soft = (
        load("ChannelDtmfReceived"),
        load("Dial-answer"),
        load("ChannelHangupRequest-soft"),
    )
    assert isinstance(key, ChannelDtmfReceived)
    assert (key.digit, key.duration_ms) == ("5", 100)
    assert isinstance(dial, Dial)
    assert dial.dialstatus == "ANSWER"
    assert dial.caller is None
    assert isinstance(soft, ChannelHangupRequest)
    assert soft.soft is True


def test_external_media_port_is_in_the_answer_only() -> None:
    """So who needs UNICASTRTP_LOCAL_PORT takes it from the request, not from StasisStart."""
    event = load("StasisStart-external-media")
    assert isinstance(event, StasisStart)
    assert event.channel.channelvars is None


def test_subjects_are_found_by_target_uri_and_peer() -> None:
    """PlaybackFinished and Dial carry no `channel`."""
    assert isinstance(load("PlaybackFinished"), PlaybackFinished)
    assert channels_of(load("PlaybackFinished")) == ("one",)
    assert channels_of(load("Dial-busy")) == ("three",)
    recording = load("RecordingFinished")
    assert isinstance(recording, RecordingFinished)
    assert channels_of(recording) == ()  # of a bridge
    assert channels_of(load("ChannelEnteredBridge")) == ("one",)
    assert channels_of(load("ApplicationReplaced")) == ()


def test_unknown_fields_are_ignored_at_every_depth() -> None:
    wire = json.loads((FOLDER / "StasisStart.json").read_bytes())
    wire["new"] = {"a": [1]}
    wire["channel"]["new"] = None
    wire["channel"]["caller"]["new"] = 1.5
    event = decode(json.dumps(wire))
    assert isinstance(event, StasisStart)
    assert event.channel.id == wire["channel"]["id"]


def test_missing_fields_do_not_cost_the_event() -> None:
    """What a description promises and a version forgets becomes empty."""
    wire = json.loads((FOLDER / "StasisStart.json").read_bytes())
    del wire["args"], wire["timestamp"], wire["channel"]["accountcode"]
    event = decode(json.dumps(wire))
    assert isinstance(event, StasisStart)
    assert (event.args, event.channel.accountcode) == ([], "")


def test_unknown_type_keeps_its_content_and_its_channel() -> None:
    channel = json.loads((FOLDER / "StasisStart.json").read_bytes())["channel"]
    event = decode(json.dumps({"type": "MoonRisen", "application": "x", "channel": channel}))
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.application, event.raw["channel"]) == ("MoonRisen", "x", channel)
    assert channels_of(event) == (channel["id"],)


def test_known_type_that_does_not_fit_is_unknown_not_lost() -> None:
    event = decode(b'{"type":"ChannelDtmfReceived","digit":5}')
    assert isinstance(event, UnknownEvent)
    assert event.raw["digit"] == 5


@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"1" * 10_000, b"[" * 10**6]
)
def test_garbage_is_no_event(garbage: bytes) -> None:
    assert decode(garbage) is None


def test_every_event_finds_its_channels_without_a_list_of_our_own() -> None:
    """Each event type with a Channel in it is covered, later ones as well."""
    for kind in typing.get_args(AnyEvent):
        hints = typing.get_type_hints(kind)
        if "channel" in hints:
            channel = {"id": "c1", "dialplan": {}, "caller": {}, "connected": {}}
            optional: dict[str, Any] = {"bridge": {}, "endpoint": {}, "userevent": {}}
            event = msgspec.convert({"type": kind.__name__, "channel": channel} | optional, kind)
            assert channels_of(event)[0] == "c1", kind
