"""Frames that come late for their tick, as an echo's do: they leave when they come (B-3, B-5).

Time is in slots of 5 ms, as the worker wakes up; a tick is every fourth of them.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream import control, g711, rtp
from stream.late import AHEAD, CALM, MAX_OWED, PATIENCE, WAITS
from stream.session import Session

TICK = 4
"""Slots of a frame's 20 ms."""

QUIET = 3
"""Ticks before the bot's first frame."""


class Bot:
    """Nobody: what the session sends is not looked at."""

    def send(self, message: bytes) -> None:
        """Drop it."""

    def congested(self) -> bool:
        return False


def opened() -> Session:
    """Return a session whose bot listens."""
    session = Session(
        control.Open(
            stream_sid="MZ" + "1" * 32,
            call_sid="CA1",
            account_sid="AC1",
            url="ws://bot",
            peer_host="127.0.0.1",
            peer_port=1,
        ),
        Bot(),
        lambda event: None,
    )
    session.open()
    return session


def frame(number: int) -> bytes:
    return number.to_bytes(2, "big") + bytes(158)


class Packets:
    """What a session has sent: slot, payload, and the tick that its timestamp stands for."""

    def __init__(self, session: Session) -> None:
        self._sender = session.sender
        self._began: int | None = None
        self.sent: list[tuple[int, bytes, int]] = []

    def take(self, slot: int, payload: bytes | None) -> None:
        if payload is None:
            return
        packet = rtp.parse(self._sender.packet(payload))
        assert packet is not None
        if self._began is None:
            self._began = packet.timestamp
        at = (packet.timestamp - self._began) % 2**32
        assert at % g711.FRAME_BYTES == 0
        self.sent.append((slot, payload, at // g711.FRAME_BYTES))


def packets(phase: int, delays: list[int]) -> list[tuple[int, bytes, int]]:
    """Play a bot's frames, one a tick and each so many slots late, in order.

    ``phase`` is where in a tick they come when they are not late. Returns the slot in which each
    packet left, from the first tick on, its payload, and the tick of its timestamp.
    """
    session = opened()
    sent = Packets(session)
    arrivals = itertools.accumulate(
        (TICK * (QUIET + number) + phase + delay for number, delay in enumerate(delays)), max
    )
    due = Counter(arrivals)
    number = 0
    for slot in range(TICK * (QUIET + len(delays)) + 100):
        if slot % TICK == 0:
            sent.take(slot, session.tick())
        for _ in range(due[slot]):
            body = {"payload": base64.b64encode(frame(number)).decode()}
            session.text(json.dumps({"event": "media", "media": body}).encode())
            number += 1
        sent.take(slot, session.late())
    return sent.sent


def played(phase: int, delays: list[int]) -> list[tuple[int, bytes]]:
    """Return `packets` without their timestamps."""
    return [(slot, payload) for slot, payload, _ in packets(phase, delays)]


def waits(phase: int, delays: list[int]) -> list[int]:
    """Return how many slots after the time it should have come each frame left."""
    left = [slot for slot, payload in played(phase, delays) if payload != g711.SILENT_FRAME]
    return [slot - TICK * (QUIET + number) - phase for number, slot in enumerate(left)]


PHASES = st.integers(0, TICK - 1)
DELAYS = st.lists(st.integers(0, 12) | st.just(0), max_size=30)


@given(PHASES, DELAYS)
def test_no_frame_is_lost_doubled_or_reordered(phase: int, delays: list[int]) -> None:
    payloads = [payload for _, payload in played(phase, delays)]
    assert [p for p in payloads if p != g711.SILENT_FRAME] == [
        frame(number) for number in range(len(delays))
    ]


@given(PHASES, DELAYS)
def test_the_timestamp_is_the_time_within_our_patience(phase: int, delays: list[int]) -> None:
    """Nothing ahead of its time, no tick served twice, and none later than we wait."""
    served = packets(phase, delays)
    for slot, _, tick in served:
        assert TICK * tick <= slot <= TICK * (tick + PATIENCE)
    ticks = [tick for _, _, tick in served]
    assert ticks == sorted(set(ticks))


@given(PHASES, DELAYS)
def test_only_ticks_that_a_talking_bot_was_waited_for_have_no_packet(
    phase: int, delays: list[int]
) -> None:
    served = packets(phase, delays)
    for (_, _, before), (_, payload, after) in itertools.pairwise(served):
        if after != before + 1:
            assert after - before <= PATIENCE
            assert payload == g711.SILENT_FRAME


@given(PHASES)
def test_what_comes_in_time_leaves_when_it_comes(phase: int) -> None:
    """Also the first frame after silence: the tick before is still to be served."""
    assert waits(phase, [0] * 20) == [0] * 20


@given(PHASES, st.integers(1, TICK * (PATIENCE + 2)))
def test_a_stall_that_comes_alone_does_not_stay(phase: int, delay: int) -> None:
    """`PATIENCE` at most: every bot frame comes late by less and less, and no silence is sent."""
    found = waits(phase, [0] * 10 + [delay] + [0] * 20)
    assert found[:10] == [0] * 10
    assert found[10] == delay
    assert found[-1] <= delay
    if phase + delay < TICK * PATIENCE:
        assert found[-1] == 0


@given(PHASES, st.integers(TICK, TICK * 4))
def test_jitter_that_comes_again_and_again_gets_a_buffer(phase: int, delay: int) -> None:
    """`WAITS` stalls in a row pass; then silence makes room, and nobody waits any more."""
    stall = [delay] + [0] * 10
    found = waits(phase, [0] * 10 + stall * 2 * WAITS)
    before_next = [found[10 + len(stall) * number - 1] for number in range(2 * WAITS + 1)]
    assert before_next[: WAITS + 1] == [0] * (WAITS + 1)
    assert before_next[-2] == before_next[-1] > 0
    assert found[-1] <= delay


def test_a_stall_of_ours_is_made_up_for_though_silence_was_sent_meanwhile() -> None:
    """The bot stood still as well, so that its frames are later than the first tick after it."""
    session = opened()
    sent = Packets(session)
    for number in range(10):
        session.play(frame(number))
        sent.take(number, session.tick())
    for _ in range(4):
        session.missed()
    for slot in range(10, 14):
        sent.take(slot, session.tick())
    for number in range(10, 18):
        session.play(frame(number))
    for slot in range(14, 18):
        sent.take(slot, session.late())
    assert [payload for slot, payload, _ in sent.sent if slot >= 14] == [
        frame(number) for number in range(10, 14)
    ]


def test_ticks_missed_before_the_bot_is_there_are_not_made_up_for() -> None:
    session = opened()
    session.close()
    session.missed()
    assert not session.swallowed


def test_after_a_clear_real_time_talk_is_waited_for() -> None:
    """The prompt that was cleared was ahead of time; what follows is not."""
    session = opened()
    for number in range(3 * AHEAD):
        session.play(frame(number))
    session.tick()
    session.text(b'{"event":"clear"}')
    for number in range(CALM):
        session.tick()
        session.play(frame(number))
        session.late()
    assert [session.tick(), session.tick()] == [None, None]


def test_after_calm_a_stall_is_waited_for_again() -> None:
    """Also after as many as may come in a row."""
    stall = [9] + [0] * 10
    used_up = waits(1, [0] * 10 + stall * WAITS + [0] * (CALM + 10) + stall)
    assert used_up[-1] == 0


def test_who_sends_ahead_is_not_waited_for_at_the_end() -> None:
    session = opened()
    for number in range(AHEAD + 1):
        session.play(frame(number))
    assert [session.tick() for _ in range(AHEAD + 1)] == [frame(n) for n in range(AHEAD + 1)]
    assert [session.tick(), session.tick()] == [None, g711.SILENT_FRAME]


def test_the_end_of_real_time_talk_is_silence_after_our_patience() -> None:
    session = opened()
    sent = Packets(session)
    for slot in range(3):
        session.play(frame(slot))
        sent.take(slot, session.tick())
    for slot in range(3, 10):
        sent.take(slot, session.tick())
    first_silent = 3 + PATIENCE
    assert [slot for slot, _, _ in sent.sent] == [0, 1, 2, *range(first_silent, 10)]
    assert [tick for _, _, tick in sent.sent] == [0, 1, 2, *range(first_silent - 1, 9)]


@given(PHASES, DELAYS)
def test_what_stays_is_no_more_than_the_latest_frame_was_late(
    phase: int, delays: list[int]
) -> None:
    assert waits(phase, [*delays, *[0] * 20])[-1] <= max(delays, default=0)


@pytest.mark.parametrize("delay", range(1, TICK))
def test_a_frame_late_by_less_than_a_tick_costs_no_silence(delay: int) -> None:
    """The very case of an echo whose frames come right after their tick."""
    payloads = [payload for _, payload in played(0, [0] * 5 + [delay] + [0] * 5)]
    first = payloads.index(frame(0))
    assert payloads[first : first + 11] == [frame(number) for number in range(11)]


def test_part_of_a_frame_waits_a_tick_for_the_rest() -> None:
    """B-4, B-5: while a bot talks, a chunk that comes late is not padded in mid-speech."""
    session = opened()
    session.play(b"a" * 250)
    assert session.tick() == b"a" * 160
    assert session.tick() is None
    assert session.late() is None
    session.play(b"b" * 70)
    assert session.late() == b"a" * 90 + b"b" * 70
    session.play(b"c" * 100)
    assert session.tick() is None
    assert session.tick() == b"c" * 100 + b"\xff" * 60


@given(st.integers(1, 15), st.integers(0, 40))
def test_after_a_stall_what_waits_catches_up_one_frame_a_wake_up(missed: int, waiting: int) -> None:
    """A bot's frames of the time that was missed leave every 5 ms, until it is made up for."""
    session = opened()
    for number in range(waiting):
        session.play(frame(number))
    for _ in range(missed):
        session.missed()
    sent: list[tuple[int, bytes]] = []
    for slot in range(80):
        ticked = session.tick() if slot % TICK == 0 else None
        sent += [(slot, payload) for payload in (ticked, session.late()) if payload is not None]
    sent = [(slot, payload) for slot, payload in sent if payload != g711.SILENT_FRAME]
    assert [payload for _, payload in sent] == [frame(number) for number in range(len(sent))]
    assert len(sent) == min(waiting, min(missed, MAX_OWED) + 80 // TICK)
    made_up = [slot for slot, _ in sent if slot % TICK]
    assert len(made_up) == len(set(made_up)) <= min(missed, MAX_OWED)
    assert session.owes <= PATIENCE
