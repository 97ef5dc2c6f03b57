"""The live screen, used as one uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static

from ari_app.debug.record import Item
from ari_app.debug.sources import recorded
from ari_app.debug.top.cells import cells
from ari_app.debug.top.follow import LadderScreen
from ari_app.debug.top.screen import Top
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


def test_the_leg_to_the_bot_is_what_the_media_worker_counts() -> None:
    table, now = fed(until(recorded(GOLDEN / "stream.jsonl"), "started"))
    [call] = table.shown(now)
    [sid] = call.streams
    data = {
        "stream_sid": sid, "rtp_received": 90, "silence_filled": 1600, "audio_queued": 20_000,
        "audio_played": 8_000, "audio_cleared": 4_000, "media_dropped": 2,
    }  # fmt: skip
    table.feed(Item(at=now, kind="rtp", type="stream", call=call.key, linked=(sid,), data=data))
    [media] = call.media.values()
    assert (media.loss, media.waiting_ms, media.dropped) == (10.0, 1000, 2)
    assert [str(cell) for cell in cells(call, now, True)][-4:-1] == ["", "1", "10.0% 1.0s dropped"]
    data |= {"media_dropped": 0, "silence_filled": 3200}  # of late nothing came
    table.feed(Item(at=now, kind="rtp", type="stream", call=call.key, linked=(sid,), data=data))
    assert str(cells(call, now, False)[-2]) == "silent 1.0s"
    table.feed(Item(at=now, kind="stream", type="stopped", call=call.key, data=data))
    assert not call.media


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


def begun(number: int) -> Item:
    data = {"from": f"+1555{number:04}", "to": "+15550100", "status": "ringing"}
    sid = f"CA{number:032}"
    return Item(at=float(number), kind="note", type="call-begun", call=sid, channel="c", data=data)


@asynccontextmanager
async def showing(*items: Item) -> AsyncIterator[tuple[Top, Pilot[None], Source]]:
    """The screen with these items read, on a wide terminal."""
    source = Source()
    source.give(*items)
    app = Top(source.items(), clock=lambda: items[-1].at)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        app.refresh_table()
        yield app, pilot, source


def rows(app: Top) -> list[str]:
    table = app.screen_stack[0].query_one(DataTable)
    return [" ".join(map(str, table.get_row_at(row))) for row in range(table.row_count)]


async def typed(pilot: Pilot[None], text: str) -> None:
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await pilot.pause()


async def test_f7_shows_only_calls_of_which_something_fits() -> None:
    trouble = Item(at=3.0, kind="note", type="problem", call=begun(2).call, error="11200 down")
    async with showing(begun(1), begun(2), begun(3), trouble) as (app, pilot, source):
        await pilot.press("down", "down", "f7")
        await typed(pilot, "(error")
        assert "not closed" in str(app.screen.query_one(".wrong", Static).render())
        await typed(pilot, "error")
        assert [row.split()[1] for row in rows(app)] == ["+15550002"]
        assert "1 of 3" in str(app.query_one("#line", Static).render())
        source.give(Item(at=3.0, kind="note", type="problem", call=begun(1).call, error="x"))
        await pilot.pause()
        app.refresh_table()
        assert [row.split()[1] for row in rows(app)] == ["+15550001", "+15550002"]
        await pilot.press("f7")
        await typed(pilot, "")
        assert len(rows(app)) == 3
        await pilot.press("f7", "escape")
        assert len(app.screen_stack) == 1


async def test_space_selects_and_f2_saves(tmp_path: Path) -> None:
    """What is saved is a recording that the other commands read, or ladders."""
    later = Item(at=4.0, kind="twiml", type="Say", call=begun(3).call, data={"state": "begin"})
    async with showing(begun(1), begun(2), begun(3), later) as (app, pilot, _):
        await pilot.press("space", "down", "space")
        await pilot.pause()
        assert app.chosen == {begun(1).call, begun(3).call}
        assert [row.startswith("*") for row in rows(app)] == [True, False, True]
        await pilot.press("f2")
        assert app.screen.query_one(Input).value == "2-calls.jsonl"
        await typed(pilot, str(tmp_path / "two.jsonl"))
        saved = recorded(tmp_path / "two.jsonl")
        assert [item.call for item in saved] == [begun(1).call, begun(3).call, begun(3).call]
        await pilot.press("f2")
        await typed(pilot, str(tmp_path / "two.jsonl"))
        assert "there already" in str(app.screen.query_one(".wrong", Static).render())
        await typed(pilot, str(tmp_path / "none" / "two.jsonl"))
        assert "No such file" in str(app.screen.query_one(".wrong", Static).render())
        await typed(pilot, str(tmp_path / "two.html"))
        assert "Say" in (tmp_path / "two-2.html").read_text()
        assert "Say" not in (tmp_path / "two.html").read_text()


async def test_calls_of_several_nodes_say_theirs() -> None:
    source, first = Source(), begun(1)
    first.node = "n7"
    source.give(first)
    app = Top(source.items(), clock=lambda: first.at, nodes=True)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        app.refresh_table()
        assert rows(app)[0].split()[1:3] == ["n7", "+15550001"]


async def test_f2_in_a_ladder_saves_that_call(tmp_path: Path) -> None:
    async with showing(begun(1), begun(2)) as (app, pilot, _):
        await pilot.press("down", "enter", "f2")
        assert app.screen.query_one(Input).value == f"{begun(2).call}.jsonl"
        await typed(pilot, str(tmp_path / "one.jsonl"))
        assert [item.call for item in recorded(tmp_path / "one.jsonl")] == [begun(2).call]
        assert isinstance(app.screen, LadderScreen)
