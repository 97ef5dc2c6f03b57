"""What the keeper decides: nodes announced, rows and counters in, commands out (B-31 to B-33)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ari_app.gateway.keeper import (
    GRACE,
    WRAPPED,
    AddRow,
    Announced,
    Command,
    Keeper,
    Reload,
    RemoveRow,
    Resize,
    Switch,
)
from ari_app.gateway.mi import Destination
from ari_app.gateway.tables import NodeRow

URI = "sip:10.0.0.2:5060"
ROW = NodeRow(7, URI, 100, "n1")


def said(calls: int | None = 0, at: float = 0.0, *, taking: bool = True) -> Announced:
    return Announced("n1", "10.0.0.2:5060", 100, calls, taking, at)


def live(load: int = 0, places: int = 100, *, enabled: bool = True, held: bool = False) -> object:
    return Destination(7, URI, 1, enabled, held, places, load)


class World:
    """One keeper, one clock."""

    def __init__(self, forget: float = 300.0) -> None:
        self.keeper = Keeper(1, forget)
        self.now = 1000.0

    def decide(
        self,
        announced: Sequence[Announced] | None,
        listed: object | None = None,
        rows: Sequence[NodeRow] = (ROW,),
        after: float = 2.0,
    ) -> list[Command]:
        self.now += after
        found = (listed,) if isinstance(listed, Destination) else ()
        return self.keeper.decide(self.now, announced, rows, found)


def test_a_node_that_announces_itself_gets_a_row() -> None:
    assert World().decide([said()], rows=()) == [AddRow(NodeRow(0, URI, 100, "n1")), Reload()]


def test_nothing_to_do_is_nothing_done() -> None:
    world = World()
    for at in range(10):
        assert world.decide([said(3, at)], live(3)) == []


def test_opensips_is_told_of_rows_it_does_not_have() -> None:
    assert World().decide([said()], None) == [Reload()]


def test_b_33_a_draining_or_unwell_node_gets_no_new_calls_and_keeps_its_own() -> None:
    world = World()
    (switch,) = world.decide([said(3, taking=False)], live(3))
    assert switch == Switch(7, "n1", False, "draining or not healthy")
    off = live(3, enabled=False, held=True)
    assert world.decide([said(3, 1.0, taking=False)], off) == []
    assert world.decide([said(3, 2.0)], off) == [Switch(7, "n1", True, "takes calls")]


def test_a_node_that_has_started_need_not_wait_for_the_next_probe() -> None:
    world = World()
    probed = live(enabled=False)
    # Its row was there before it: the probe met nobody.
    assert world.decide([], probed) == []
    assert world.decide([said()], probed) == [Switch(7, "n1", True, "takes calls")]


def test_b_33_what_an_operator_drains_stays_drained() -> None:
    row = NodeRow(7, URI, 100, "n1", drained=True)
    world = World()
    assert world.decide([said()], live(), [row]) == [Switch(7, "n1", False, "drained")]
    assert world.decide([said()], live(enabled=False, held=True), [row]) == []


def test_a_node_that_probing_has_disabled_is_left_to_probing() -> None:
    world = World()
    assert world.decide([said()], live()) == []
    assert world.decide([said(at=1.0)], live(enabled=False, held=False)) == []


def test_a_silent_node_is_disabled_and_forgotten_only_when_it_has_no_call() -> None:
    world = World(forget=60)
    assert world.decide([said(2)], live(2)) == []
    assert world.decide([], live(2), after=GRACE - 1) == []
    assert world.decide([], live(2)) == [Switch(7, "n1", False, "announces nothing")]
    off = live(2, enabled=False, held=True)
    assert world.decide([], off, after=100) == []
    ended = live(0, enabled=False, held=True)
    assert world.decide([], ended) == [RemoveRow(ROW, "forgotten"), Reload()]


def test_a_row_that_goes_is_not_switched_as_well() -> None:
    """OpenSIPS knows it no more when that command arrives."""
    world = World(forget=GRACE)
    world.decide([said()], live())
    assert world.decide([], live(), after=GRACE) == [RemoveRow(ROW, "forgotten"), Reload()]


def test_without_redis_nobody_is_taken_for_dead() -> None:
    world = World(forget=60)
    world.decide([said()], live())
    for _ in range(100):
        assert world.decide(None, live()) == []
    # Redis is back, and the node has not spoken yet.
    assert world.decide([], live(), after=GRACE - 1) == []


def test_b_31_a_counter_that_never_falls_costs_no_place() -> None:
    world = World()
    for at in range(2):
        assert world.decide([said(0, at)], live(5)) == []
    assert world.decide([said(0, 2)], live(5)) == [Resize(7, "n1", 105)]
    assert world.keeper.drift == {URI: -5}
    # Two of the ghosts end; the places follow.
    world.decide([said(0, 3)], live(3, 105))
    assert world.decide([said(0, 4)], live(3, 105)) == [Resize(7, "n1", 103)]


def test_calls_that_came_another_way_take_places() -> None:
    world = World()
    commands = [world.decide([said(40, at)], live(10)) for at in range(3)]
    assert commands == [[], [], [Resize(7, "n1", 70)]]


def test_a_call_that_the_node_has_not_told_yet_is_no_drift() -> None:
    world = World()
    for at in range(3):
        world.decide([said(10, at)], live(10))
    # Many calls start; the node's next word knows of them.
    assert world.decide([said(10, 2)], live(50)) == []
    assert world.decide([said(50, 3)], live(50)) == []


def test_b_31_a_counter_below_zero_begins_anew_under_another_id() -> None:
    commands = World().decide([said()], live(4294967262))
    assert commands == [
        RemoveRow(ROW, "counter below zero"),
        AddRow(NodeRow(0, URI, 100, "n1")),
        Reload(),
    ]
    assert WRAPPED <= 4294967262


def test_two_gateways_that_made_the_same_row_leave_one() -> None:
    second = NodeRow(9, URI, 100, "n1")
    assert World().decide([said()], live(), [ROW, second]) == [
        RemoveRow(second, "double"),
        Reload(),
    ]


def test_a_full_node_has_no_place_and_never_less() -> None:
    world = World()
    for at in range(3):
        commands = world.decide([said(130, at)], live(0))
    assert commands == [Resize(7, "n1", 0)]


def test_a_node_of_the_settings_tells_nothing_and_is_there() -> None:
    world = World()
    for _ in range(5):
        assert world.decide([said(None)], live(60)) == []


def test_rows_of_another_group_are_left_alone() -> None:
    other = NodeRow(8, "sip:10.9.9.9:5060", 10, "x", group=2)
    assert World().decide([], None, [other]) == []


@pytest.mark.parametrize(
    ("node", "sip", "capacity"),
    [
        ("n 1", "10.0.0.2:5060", 1),
        ("n1", "10.0.0.2", 1),
        ("n1", "a:5060>;x=", 1),
        ("n1", "a:5060", -1),
        ("n1", "a:5060", 10**9),
    ],
)
def test_what_cannot_be_a_row_is_refused(node: str, sip: str, capacity: int) -> None:
    with pytest.raises(ValueError, match=r"not a node|calls of"):
        Announced(node, sip, capacity)
