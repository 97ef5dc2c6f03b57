"""The session (Twilio: Media Streams) without sockets, as a state machine."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stream import control, g711, rtp
from stream.late import MAX_OWED, PATIENCE
from stream.session import Session, State

SID = "MZ" + "1" * 32


class Wire:
    """Records what the session sends."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.full = False

    def send(self, message: bytes) -> None:
        self.messages.append(json.loads(message))

    def congested(self) -> bool:
        return self.full

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["event"] == event]


def session(**options: Any) -> tuple[Session, Wire, list[control.StreamEvent]]:
    wire: Wire = Wire()
    events: list[control.StreamEvent] = []
    spec = control.Open(
        stream_sid=SID,
        call_sid="CA1",
        account_sid="AC1",
        url="ws://bot",
        peer_host="127.0.0.1",
        peer_port=1,
        **options,
    )
    return Session(spec, wire, events.append), wire, events


def media(audio: bytes) -> bytes:
    payload = base64.b64encode(audio).decode()
    return json.dumps({"event": "media", "media": {"payload": payload}}).encode()


def mark(name: str) -> bytes:
    return json.dumps({"event": "mark", "mark": {"name": name}}).encode()


def packet(number: int, payload: bytes) -> bytes:
    return rtp.build(0, False, number & 0xFFFF, number * 160, 1, payload)


def test_connected_and_start_come_first_and_back_to_back() -> None:
    """Fact 2, and nothing of the caller before them."""
    one, wire, events = session(parameters={"k": "v"})
    one.datagram(packet(0, bytes(160)))
    for _ in range(30):
        assert one.tick() == g711.SILENT_FRAME
        one.sent()
    assert wire.messages == []
    one.open()
    assert wire.messages[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert wire.messages[1]["start"]["customParameters"] == {"k": "v"}
    one.datagram(packet(1, bytes(160)))
    assert wire.messages[2]["media"]["timestamp"] == "0"
    assert [type(event) for event in events] == [control.Connected, control.Started]


def test_timestamps_advance_by_20_without_jumps_through_a_pause() -> None:
    """Fact 5."""
    one, wire, _ = session()
    one.open()
    one.datagram(packet(0, bytes(160)))
    for _ in range(100):
        one.tick()
    one.datagram(packet(100, bytes(160)))
    stamps = [int(message["media"]["timestamp"]) for message in wire.of("media")]
    assert stamps == list(range(0, 20 * 101, 20))


def test_clear_in_mid_audio_is_silence_from_the_next_tick() -> None:
    """B-1, fact 6."""
    one, wire, events = session()
    one.open()
    one.text(media(b"x" * 80_000))
    one.text(mark("a"))
    one.text(media(b"y" * 80_000))
    one.text(mark("b"))
    assert one.tick() == b"x" * 160
    one.sent()
    assert wire.of("mark") == []
    one.text(b'{"event":"clear"}')
    assert [message["mark"]["name"] for message in wire.of("mark")] == ["a", "b"]
    assert [one.tick(), one.late(), one.tick()] == [None, None, g711.SILENT_FRAME]
    assert [e.outcome for e in events if isinstance(e, control.Mark)] == ["cleared", "cleared"]


def test_warnings_come_once_a_kind_and_nothing_ends() -> None:
    """Fact 9."""
    one, _, events = session()
    one.open()
    for _ in range(3):
        one.binary()
        one.text(b"\xff")
        one.text(b"garbage")
        one.text(b'{"event":"clear","streamSid":"MZ2"}')
        one.text(media(bytes(8000 * 601)))
    assert [event.code for event in events if isinstance(event, control.Warned)] == [
        31950,
        31951,
        31931,
    ]
    assert one.state is State.OPEN
    assert one.stats().messages_ignored == 12


def test_a_slow_reader_loses_media_but_no_marks_and_no_keys() -> None:
    """31930; media time goes on, so that the bot sees the gap."""
    one, wire, events = session()
    one.open()
    one.datagram(packet(0, bytes(160)))
    wire.full = True
    for number in range(1, 11):
        one.datagram(packet(number, bytes(160)))
    one.text(mark("m"))
    one.dtmf("1")
    wire.full = False
    one.datagram(packet(11, bytes(160)))
    assert [message["event"] for message in wire.messages[2:]] == ["media", "mark", "dtmf", "media"]
    assert [m.get("sequenceNumber") for m in wire.messages[1:]] == ["1", "2", "3", "4", "5"]
    assert wire.of("media")[1]["media"]["timestamp"] == "220"
    assert one.stats().media_dropped == 10
    assert [event.code for event in events if isinstance(event, control.Warned)] == [31930]


def test_alaw_callers_hear_and_are_heard_by_table() -> None:
    one, wire, _ = session(codec="alaw")
    codes = bytes(range(256)) + bytes(64)
    one.open()
    one.datagram(rtp.build(8, False, 0, 0, 1, codes))
    heard = b"".join(base64.b64decode(m["media"]["payload"]) for m in wire.of("media"))
    assert heard == codes.translate(g711.ALAW_TO_ULAW)
    one.text(media(codes))
    frames = [one.tick() for _ in range(2 + PATIENCE + 1)]
    assert b"".join(frame for frame in frames[:2] if frame) == codes.translate(g711.ULAW_TO_ALAW)
    assert frames[2:] == [*[None] * PATIENCE, b"\xd5" * 160]


def test_keys_are_digits_star_hash_and_a_to_d() -> None:
    one, wire, _ = session()
    assert not one.dtmf("1")
    one.open()
    assert [digit for digit in "0123456789*#ABCDEx " if one.dtmf(digit)] == list("0123456789*#ABCD")
    assert {message["dtmf"]["track"] for message in wire.of("dtmf")} == {"inbound_track"}


def test_after_stop_nothing_is_sent() -> None:
    """§2.5: `stop` is last; what is queued is discarded and its marks are not echoed."""
    one, wire, _ = session()
    one.open()
    one.text(media(b"x" * 1600))
    one.text(mark("m"))
    one.stop()
    one.stop()
    one.text(b'{"event":"clear"}')
    one.datagram(packet(0, bytes(160)))
    one.sent()
    assert one.tick() == g711.SILENT_FRAME
    assert [message["event"] for message in wire.messages] == ["connected", "start", "stop"]
    assert wire.messages[-1]["stop"] == {"accountSid": "AC1", "callSid": "CA1"}


class SessionMachine(RuleBasedStateMachine):
    """Any order of what a bot, a caller and the app may do."""

    def __init__(self) -> None:
        super().__init__()
        self.session, self.wire, self.events = session()
        self.number = 0
        self.asked: list[str] = []
        self.queued = b""
        self.heard = b""
        self.due = self.sent = self.served = 0
        self.began: int | None = None

    @precondition(lambda self: self.session.state is State.CONNECTING)
    @rule()
    def open(self) -> None:
        self.session.open()

    @rule(size=st.integers(0, 1000))
    def audio(self, size: int) -> None:
        audio = bytes((len(self.queued) + at) % 250 for at in range(size))
        self.session.text(media(audio))
        if self.session.state is State.OPEN:
            self.queued += audio

    @rule()
    def mark(self) -> None:
        name = str(len(self.asked))
        self.session.text(mark(name))
        if self.session.state is State.OPEN:
            self.asked.append(name)

    @rule()
    def clear(self) -> None:
        self.session.text(b'{"event":"clear"}')
        if self.session.state is State.OPEN:
            self.queued = self.queued[: len(self.heard)]

    @rule(text=st.binary(max_size=60))
    def garbage(self, text: bytes) -> None:
        self.session.text(text)
        self.session.binary()

    @rule(count=st.integers(1, 30))
    def ticks(self, count: int) -> None:
        for _ in range(count):
            self.due += 1
            self.hear(self.session.tick())

    @rule()
    def late(self) -> None:
        self.hear(self.session.late())

    def hear(self, frame: bytes | None) -> None:
        if frame is not None:
            self.session.sent()
            self.sent += 1
            assert len(frame) == 160
            sent = rtp.parse(self.session.sender.packet(frame))
            assert sent is not None
            self.began = sent.timestamp if self.began is None else self.began
            self.served = (sent.timestamp - self.began) % 2**32 // 160 + 1
            self.heard += frame.replace(b"\xff", b"")

    @rule(lost=st.integers(0, 5))
    def caller(self, lost: int) -> None:
        self.number += lost
        self.session.datagram(packet(self.number, bytes(160)))
        self.number += 1

    @rule(full=st.booleans())
    def reader(self, full: bool) -> None:
        self.wire.full = full

    @rule()
    def key(self) -> None:
        self.session.dtmf("5")

    @precondition(lambda self: len(self.wire.messages) > 20)
    @rule()
    def stop(self) -> None:
        self.session.stop()

    @invariant()
    def numbers_have_no_holes(self) -> None:
        """Fact 1: strings, one counter over all messages but `connected`."""
        numbers = [m["sequenceNumber"] for m in self.wire.messages if m["event"] != "connected"]
        assert numbers == [str(number + 1) for number in range(len(numbers))]
        chunks = [m["media"]["chunk"] for m in self.wire.of("media")]
        assert chunks == [str(number + 1) for number in range(len(chunks))]
        stamps = [int(m["media"]["timestamp"]) for m in self.wire.of("media")]
        assert all(stamp % 20 == 0 for stamp in stamps)
        assert stamps == sorted(set(stamps))

    @invariant()
    def marks_come_back_once_and_in_order(self) -> None:
        names = [message["mark"]["name"] for message in self.wire.of("mark")]
        assert names == self.asked[: len(names)]

    @invariant()
    def what_is_heard_is_what_was_queued(self) -> None:
        assert self.queued.startswith(self.heard)

    @invariant()
    def the_timestamp_is_the_time_within_our_patience(self) -> None:
        assert self.due - MAX_OWED <= self.served <= self.due
        assert self.session.stats().rtp_sent == self.sent <= self.served


TestSessionMachine = SessionMachine.TestCase
