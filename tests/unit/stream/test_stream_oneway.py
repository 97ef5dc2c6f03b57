"""The one-way session (Twilio: <Start><Stream>) without sockets."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from stream import control, rtp
from stream.g711 import SILENT_FRAME
from stream.inbound import IDLE_TICKS
from stream.oneway import OneWay

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

    def say(self, track: control.Track, frame: bytes, lost: int = 0, ssrc: int = 1) -> None:
        number = self._sent[track] + lost
        self._sent[track] = number + 1
        assert self._receive[track].datagram(rtp.build(0, False, number & 0xFFFF, 0, ssrc, frame))

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
    for value in b"opqr":
        one.say("outbound", bytes([value]) * 160)
        one.ticks(1)
    track = one.wire.track("outbound")
    assert [int(m["timestamp"]) for m in track] == [20 * n for n in range(504)]
    assert one.wire.audio("outbound").lstrip(b"\xff") == b"".join(bytes([n]) * 160 for n in b"opqr")


@pytest.mark.parametrize("track", BOTH)
def test_a_pause_in_a_track_is_silence_of_its_length(track: control.Track) -> None:
    one = Stream(track)
    one.session.open()
    one.say(track, b"a" * 160)
    one.ticks(50)
    for value in b"bcd":
        one.say(track, bytes([value]) * 160)
        one.ticks(1)
    audio = one.wire.audio(track)
    assert audio.strip(b"abcd") == SILENT_FRAME * 49
    assert audio.replace(b"\xff", b"") == b"".join(bytes([n]) * 160 for n in b"abcd")


@pytest.mark.parametrize("track", BOTH)
def test_audio_that_comes_late_in_a_burst_stays_whole(track: control.Track) -> None:
    """A stall of Asterisk of 160 ms: nothing was silent, nothing is put in."""
    one = Stream(track)
    one.session.open()
    frames = [bytes([n]) * 160 for n in range(20)]
    for frame in frames[:5]:
        one.say(track, frame)
        one.ticks(1)
    one.ticks(8)
    for frame in frames[5:14]:
        one.say(track, frame)
    for frame in frames[14:]:
        one.ticks(1)
        one.say(track, frame)
    one.ticks(2)
    assert one.wire.audio(track) == b"".join(frames)


def test_callers_packets_may_be_late_without_a_hole() -> None:
    """Jitter of a network, which a snoop channel turns into plain delay."""
    one = Stream("inbound")
    one.session.open()
    frames = [bytes([n]) * 160 for n in range(20)]
    for number, frame in enumerate(frames):
        one.ticks(9 if number == 10 else 1)
        one.say("inbound", frame)
    assert one.wire.audio("inbound") == b"".join(frames)


def test_lost_packets_are_silence_in_their_place() -> None:
    one = Stream("inbound")
    one.session.open()
    one.say("inbound", b"a" * 160)
    one.say("inbound", b"b" * 160, lost=3)
    assert one.wire.audio("inbound") == b"a" * 160 + SILENT_FRAME * 3 + b"b" * 160
    assert one.session.stats().silence_filled == 480


def test_a_restarted_sender_goes_on_where_the_track_is() -> None:
    one = Stream("inbound")
    one.session.open()
    one.say("inbound", b"a" * 160)
    one.say("inbound", b"b" * 160, lost=1000)
    one.say("inbound", b"c" * 160, lost=30_000, ssrc=2)
    one.say("inbound", b"d" * 160, lost=-2, ssrc=2)
    assert one.wire.audio("inbound") == b"a" * 160 + b"b" * 160 + b"c" * 160
    assert one.session.stats().rtp_late == 1


def test_packets_of_any_length_become_frames() -> None:
    one = Stream("inbound")
    one.session.open()
    audio = bytes(n % 251 for n in range(960))
    for at in range(0, 960, 240):
        one.say("inbound", audio[at : at + 240])
    one.say("inbound", b"")
    assert one.wire.audio("inbound") == audio
    assert one.session.stats().rtp_ignored == 1


def test_a_stall_of_the_worker_does_not_part_the_tracks() -> None:
    """Its ticks are swallowed, the packets wait in the socket: both tracks go on together."""
    one = Stream(*BOTH)
    one.session.open()
    for _ in range(100):
        one.say("inbound", b"i" * 160)
    one.ticks(3)
    for _ in range(4):
        one.say("inbound", b"i" * 160)
        one.say("outbound", b"o" * 160)
        one.ticks(1)
    at = one.wire.audio("outbound").index(b"o") // 160
    assert abs(at - 103) <= 3


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
