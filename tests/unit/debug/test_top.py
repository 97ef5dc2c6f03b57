"""The live screen, used as one uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from textual.widgets import DataTable, Static

from ari_app.debug.record import Item
from ari_app.debug.sources import recorded
from ari_app.debug.top.screen import LadderScreen, Top
from ari_app.debug.top.table import LINGER, Table

GOLDEN = Path(__file__).parent / "golden"


def until(items: Iterable[Item], kind: str) -> list[Item]:
    """Items of a call up to the first of a type."""
    found: list[Item] = []
    for item in items:
        found.append(item)
        if item.type == kind:
            break
    return found


def fed(items: Iterable[Item]) -> tuple[Table, float]:
    table, now = Table(), 0.0
    for item in items:
        table.feed(item)
        now = item.at
    return table, now


def test_a_running_call_is_shown_with_verb_stream_and_state() -> None:
    table, now = fed(until(recorded(GOLDEN / "stream.jsonl"), "started"))
    [call] = table.shown(now)
    assert (call.number_from, call.state, call.verbs) == ("+15557000", "in-progress", ["Connect"])
    assert len(call.streams) == 1
    assert 0.5 < call.seconds(now) < 2
    assert call.key.startswith("CA")
    assert table.rate(now) > 0


def test_an_ended_call_is_forgotten_after_a_while() -> None:
    table, now = fed(recorded(GOLDEN / "stream.jsonl"))
    [call] = table.shown(now)
    assert (call.state, call.verbs, call.streams) == ("completed", [], set())
    assert call.quality is not None
    assert list(table.shown(now + LINGER + 1)) == []
    assert table.calls == {}


def test_loss_and_jitter_of_each_leg() -> None:
    table, now = fed(until(recorded(GOLDEN / "stream.jsonl"), "started"))
    [call] = table.shown(now)
    for channel, received, lost, jitter in (
        ("node1-1800000000.0", 900, 100, 0.02),
        ("node1-1800000000.9", 500, 0, 0.001),
    ):
        data = {"rxcount": received, "rxploss": lost, "rxjitter": jitter}
        table.feed(
            Item(at=now, kind="rtp", type="statistics", channel=channel, call=call.key, data=data)
        )
    assert call.quality is not None
    assert (call.quality.loss, call.quality.jitter_ms) == (10.0, 20.0)  # of the worst


def test_a_child_call_is_a_call_of_its_own() -> None:
    """Its channel's id is its SID: the channel's dialplan is not what it was dialled."""
    table, now = fed(until(recorded(GOLDEN / "dial.jsonl"), "ChannelEnteredBridge"))
    parent, child = table.shown(now)
    assert (parent.verbs, child.number_to, child.state) == (["Dial"], "+15550123", "in-progress")


def test_trouble_is_shown() -> None:
    table, now = fed(recorded(GOLDEN / "trouble.jsonl"))
    [call] = table.shown(now)
    assert call.error.startswith("11202 ")


def test_calls_of_an_app_without_sids_are_its_channels() -> None:
    events = [
        Item(
            at=one.at,
            kind="event",
            type=one.type,
            channel=one.channel,
            caller=one.caller,
            data=one.data,
        )
        for one in recorded(GOLDEN / "stream.jsonl")
        if one.kind == "event"
    ]
    table, now = fed(until(events, "ChannelDtmfReceived"))
    [call] = table.shown(now)
    assert (call.number_from, call.state) == ("+15557000", "up")


def test_many_calls_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_app.debug.top.table.MOST", 10)
    table, _ = fed(
        Item(at=float(number), kind="note", type="call-begun", call=f"CA{number}", channel="c")
        for number in range(100)
    )
    assert [call.key for call in table.shown(99)] == [f"CA{number}" for number in range(90, 100)]


class Source:
    """Items that a test hands over when it wants."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Item | None] = asyncio.Queue()

    def give(self, *items: Item) -> None:
        for item in items:
            self._queue.put_nowait(item)

    async def items(self) -> AsyncIterator[Item]:
        while (item := await self._queue.get()) is not None:
            yield item


async def test_choose_follow_back_quit() -> None:
    source = Source()
    first = until(recorded(GOLDEN / "trouble.jsonl"), "ChannelEnteredBridge")
    second = [
        Item(
            at=first[-1].at,
            kind="note",
            type="call-begun",
            call="CA" + "9" * 32,
            channel="c9",
            data={"from": "+15558888", "to": "+15550100", "status": "ringing"},
        )
    ]
    app = Top(source.items(), clock=lambda: first[-1].at)
    async with app.run_test(size=(150, 40)) as pilot:
        source.give(*first, *second)
        await pilot.pause()
        app.refresh_table()
        table = app.query_one(DataTable)
        assert table.row_count == 2
        assert "2 calls" in str(app.query_one("#line", Static).render())
        await pilot.press("down", "enter")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LadderScreen)
        story = screen.query_one("#story", Static)
        lines = story.size.height
        source.give(
            Item(
                at=first[-1].at + 1,
                kind="note",
                type="problem",
                call="CA" + "9" * 32,
                error="31902 refused",
            )
        )
        await pilot.pause()
        screen.redraw()
        await pilot.pause()
        assert story.size.height > lines  # it has grown by what happened
        await pilot.press("escape")
        assert not isinstance(app.screen, LadderScreen)
        await pilot.press("q")
    assert app.return_code == 0
