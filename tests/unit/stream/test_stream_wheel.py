"""The timing wheel: absolute schedule, no drift, no burst."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from stream.wheel import Wheel

HOUR = 3600


def test_an_hour_of_late_calls_does_not_drift() -> None:
    wheel: Wheel[str] = Wheel(100.0)
    wheel.add("stream")
    now, ticks = 100.0, 0
    while now < 100.0 + HOUR:
        now = wheel.deadline() + 0.0031  # always late, by less than a slot
        ticks += sum(group.count("stream") for group in wheel.due(now))
    assert ticks == HOUR * 50
    assert wheel.skipped == 0


@given(st.floats(0.0, 600.0))
def test_a_stall_costs_ticks_but_never_bursts(stall: float) -> None:
    wheel: Wheel[int] = Wheel(0.0)
    for stream in range(8):
        wheel.add(stream)
    groups = wheel.due(stall)
    ticked = [stream for group in groups for stream in group]
    assert len(ticked) == len(set(ticked))
    assert stall < wheel.deadline() <= stall + 0.0051
    if stall < 0.08:  # of more than three rounds no more is told
        rounds = [number for number in range(1, 17) if number * 0.005 <= stall + 1e-8]
        assert len(ticked) + len(wheel.missed) == 2 * len(rounds)


@given(st.lists(st.floats(0.0001, 0.3), max_size=60))
def test_groups_take_turns_whatever_the_clock_does(steps: list[float]) -> None:
    wheel: Wheel[int] = Wheel(5.0)
    for stream in range(4):
        wheel.add(stream)
    now, turns = 5.0, []
    for step in steps:
        now += step
        turns += [group[0] for group in wheel.due(now)]
    assert all(
        after == (before + 1) % 4 or wheel.skipped for before, after in itertools.pairwise(turns)
    )


def test_streams_spread_and_leave() -> None:
    wheel: Wheel[int] = Wheel(0.0)
    for stream in range(10):
        wheel.add(stream)
    sizes = [len(group) for group in wheel.due(0.020)]
    assert sorted(sizes) == [2, 2, 3, 3]
    for stream in (*range(10), 99):
        wheel.remove(stream)
    assert wheel.due(0.040) == [[], [], [], []]


def test_nothing_is_due_twice() -> None:
    wheel: Wheel[int] = Wheel(0.0)
    wheel.add(1)
    assert sum(map(len, wheel.due(0.020))) == 1
    assert wheel.due(0.020) == []
    assert wheel.due(0.0) == []
