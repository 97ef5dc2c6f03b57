"""The one-way session (Twilio: <Start><Stream>) without sockets."""

from __future__ import annotations

import base64
import json
from typing import Any

from stream import control
from stream.g711 import SILENT_FRAME
from stream.inbound import IDLE_TICKS
from stream.oneway import OneWay
from stream.rtp import Packet

SID = "MZ" + "1" * 32
BOTH: tuple[control.Track, ...] = ("inbound", "outbound")


class Wire:
    """Records what the session sends."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.full = False

    def send(self, message: bytes) -> None:
        self.messages.append(json.loads(message))

    def congested(self) -> bool:
        return self.full

    def track(self, name: str) -> list[dict[str, Any]]:
        media = [message["media"] for message in self.messages if message["event"] == "media"]
        return [one for one in media if one["track"] == name]

    def audio(self, name: str) -> bytes:
        return b"".join(base64.b64decode(one["payload"]) for one in self.track(name))


class Stream:
    """A session with what stands around it; ``say`` is the next packet of a track."""

    def __init__(self, *tracks: control.Track) -> None:
        self.wire = Wire()
        self.events: list[control.StreamEvent] = []
        spec = control.Open(
            stream_sid=SID,
            call_sid="CA1",
            account_sid="AC1",
            url="ws://bot",
            mode="start",
            sources=tuple(control.Source(t, "127.0.0.1", n) for n, t in enumerate(tracks)),
        )
        self.session = OneWay(spec, self.wire, self.events.append)
        self._receive = {
            track: take for track, (_, _, take) in zip(tracks, self.session.sources(), strict=True)
        }
        self._sent = dict.fromkeys(tracks, 0)

    def say(self, track: control.Track, frame: bytes, after: int = 0) -> None:
        number = self._sent[track] + after
        self._sent[track] = number + 1
        self._receive[track](Packet(0, False, number, number * 160, hash(track), frame))

    def ticks(self, count: int) -> None:
        for _ in range(count):
            self.session.tick()


def test_tracks_are_told_apart_and_share_their_counters() -> None:
    """§2.3: no suffix in ``tracks``; same instant, same timestamp."""
    one = Stream(*BOTH)
    one.session.open()
    for value in (1, 2, 3):
        one.say("inbound", bytes([value]) * 160)
        one.say("outbound", bytes([value + 10]) * 160)
        one.ticks(1)
    assert one.wire.messages[1]["start"]["tracks"] == ["inbound", "outbound"]
    assert [m["timestamp"] for m in one.wire.track("inbound")] == ["0", "20", "40"]
    assert [m["timestamp"] for m in one.wire.track("outbound")] == ["0", "20", "40"]
    assert one.wire.audio("outbound") == b"".join(bytes([n]) * 160 for n in (11, 12, 13))
    chunks = [m["media"]["chunk"] for m in one.wire.messages if m["event"] == "media"]
    assert chunks == ["1", "2", "3", "4", "5", "6"]
    assert [m["sequenceNumber"] for m in one.wire.messages[1:]] == [str(n) for n in range(1, 8)]


def test_one_track_alone() -> None:
    one = Stream("outbound")
    one.session.open()
    one.say("outbound", b"a" * 160)
    assert one.wire.messages[1]["start"]["tracks"] == ["outbound"]
    assert one.wire.audio("outbound") == b"a" * 160


def test_fact_05_a_track_that_begins_late_begins_at_its_time() -> None:
    """What is first played after ten seconds has a timestamp of ten seconds."""
    one = Stream(*BOTH)
    one.session.open()
    for _ in range(500):
        one.say("inbound", b"i" * 160)
        one.ticks(1)
    silent = len(one.wire.track("outbound"))
    assert silent == 500 - IDLE_TICKS
    one.say("outbound", b"o" * 160)
    track = one.wire.track("outbound")
    assert track[-1]["timestamp"] == "10000"
    assert [int(m["timestamp"]) for m in track] == [20 * n for n in range(501)]
    assert one.wire.audio("outbound") == SILENT_FRAME * 500 + b"o" * 160


def test_a_pause_in_a_track_is_silence_of_its_length() -> None:
    one = Stream("outbound")
    one.session.open()
    one.say("outbound", b"a" * 160)
    one.ticks(50)
    one.say("outbound", b"b" * 160, after=49)
    assert one.wire.audio("outbound") == b"a" * 160 + SILENT_FRAME * 49 + b"b" * 160


def test_b_09_a_one_way_stream_takes_nothing_back() -> None:
    """Warned once, with what to use instead."""
    one = Stream("inbound")
    one.session.open()
    for message in (b'{"event":"media","media":{"payload":"AAAA"}}', b'{"event":"clear"}', b"{"):
        one.session.text(message)
    one.session.binary()
    assert not one.session.dtmf("1")
    warnings = [event for event in one.events if isinstance(event, control.Warned)]
    assert [(w.code, "<Connect>" in w.message) for w in warnings] == [(31951, True), (31950, False)]
    assert one.session.stats().messages_ignored == 4


def test_what_comes_before_the_start_or_after_the_stop_is_no_part_of_it() -> None:
    one = Stream("inbound")
    one.say("inbound", b"x" * 160)
    one.ticks(5)
    one.session.open()
    one.say("inbound", b"y" * 160)
    one.session.stop()
    one.session.stop()
    one.say("inbound", b"z" * 160)
    one.ticks(20)
    kinds = [message["event"] for message in one.wire.messages]
    assert kinds == ["connected", "start", "media", "stop"]
    assert one.wire.audio("inbound") == b"y" * 160
    assert one.wire.track("inbound")[0]["timestamp"] == "0"


def test_a_slow_reader_loses_media_and_sees_it_in_the_timestamps() -> None:
    one = Stream("inbound")
    one.session.open()
    one.wire.full = True
    for _ in range(3):
        one.say("inbound", b"x" * 160)
    one.wire.full = False
    one.say("inbound", b"y" * 160)
    assert [m["timestamp"] for m in one.wire.track("inbound")] == ["60"]
    assert [e.code for e in one.events if isinstance(e, control.Warned)] == [31930]
    assert one.session.stats().media_dropped == 3
