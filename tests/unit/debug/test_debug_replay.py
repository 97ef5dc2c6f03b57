"""A recording played to an app: the same run passes, the first difference is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ari_app.ari import AriClient, AriError
from ari_app.debug import record
from ari_app.debug.cli import app
from ari_app.debug.record import Item
from ari_app.debug.replay.choose import of_one_call
from ari_app.debug.replay.matching import Bindings, Request
from ari_app.debug.replay.player import Difference, Player, Report
from ari_app.debug.replay.server import Server, serving

CHANNEL = {
    "id": "c1",
    "name": "PJSIP/a-1",
    "state": "Ring",
    "caller": {"name": "", "number": "100"},
    "connected": {"name": "", "number": ""},
    "dialplan": {"context": "", "exten": "", "priority": 1, "app_name": "", "app_data": ""},
}
OLD = "CA" + "0" * 31 + "1"
NEW = "CA" + "f" * 32


def asked(number: int, kind: str, type_: str, **data: object) -> Item:
    return Item(at=1.0 + number, kind=kind, type=type_, status=204 * (kind == "answer"),
                data={"number": number, **data})  # fmt: skip


def event(type_: str, at: float, **data: object) -> Item:
    raw = {"type": type_, "application": "bot", "channel": CHANNEL, **data}
    return Item(at=at, kind="event", type=type_, channel="c1", data=raw)


RECORDING = [
    event("StasisStart", 1.0, args=[]),
    asked(1, "request", "POST /channels/c1/answer"),
    event("ChannelStateChange", 2.0),
    asked(1, "answer", "POST /channels/c1/answer"),
    asked(2, "request", f"POST /channels/c1/play/{OLD}-1", query={"media": "sound:/old/x"}),
    asked(2, "answer", f"POST /channels/c1/play/{OLD}-1", answer={"id": f"{OLD}-1"}),
    event("PlaybackFinished", 9.0, playback={"id": f"{OLD}-1", "target_uri": "channel:c1"}),
    asked(3, "request", "DELETE /channels/c1"),
    event("StasisEnd", 9.5),
    asked(3, "answer", "DELETE /channels/c1"),
]


@asynccontextmanager
async def replayed(*, media: str = "sound:/new/y", extra: bool = False) -> AsyncIterator[Player]:
    """A small bot: answers, plays, hangs up when it has been played."""
    server = Server()
    server.player = Player(RECORDING, server.send, speed=0, patience=0.2)
    async with serving(server, "127.0.0.1", 0) as url:
        client = AriClient(url, "any", "any", "bot")

        async def started(_: object) -> None:
            with contextlib.suppress(AriError):
                await client.channels.answer("c1")
                await client.channels.play_with_id("c1", f"{NEW}-1", media=media)

        async def finished(played: object) -> None:
            if getattr(getattr(played, "playback", None), "id", "") != f"{NEW}-1":
                return
            with contextlib.suppress(AriError):
                if extra:
                    await client.channels.ring("c1")
                await client.channels.hangup("c1")

        client.on_event("StasisStart", started)
        client.on_event("PlaybackFinished", finished)
        await client.start()
        yield server.player
        await client.close()


async def test_the_same_app_with_other_ids_runs_through() -> None:
    async with replayed() as player:
        report = await player.run()
    assert report == Report(events=4, requests=3)


async def test_the_first_difference_is_told_with_what_came_instead() -> None:
    async with replayed(media="number:42") as player:
        with pytest.raises(Difference) as caught:
            await player.run()
    text = str(caught.value)
    assert f"POST /channels/c1/play/{OLD}-1 was recorded and did not come" in text
    assert "query.media: 'sound:/old/x' was recorded, 'number:42' came" in text


async def test_a_request_that_was_not_recorded_is_a_difference() -> None:
    async with replayed(extra=True) as player:
        with pytest.raises(Difference, match="came instead: POST /channels/c1/ring"):
            await player.run()


async def test_a_recording_started_through_the_manager_interface_is_replayed() -> None:
    """Whoever replays it logs in for itself, and writes into another folder."""
    old, new = "RE" + "0" * 32, "RE" + "1" * 32
    fields = {"Action": "MixMonitor", "Channel": "c1", "File": f"/old/{old}.raw"}
    fields["Options"] = f"Di(M{old}1)"
    answer = "Response: Success\r\nMixMonitorID: 0x7\r\n\r\n"
    items = [
        asked(1, "request", "POST /rawman MixMonitor", query=fields),
        asked(1, "answer", "POST /rawman MixMonitor", answer=answer),
        asked(2, "request", "POST /rawman StopMixMonitor",
              query={"Action": "StopMixMonitor", "Channel": "c1", "MixMonitorID": "0x7"}),
        asked(2, "answer", "POST /rawman StopMixMonitor", answer="Response: Success\r\n\r\n"),
    ]  # fmt: skip
    for item in items[1::2]:
        item.status = 200
    server = Server()
    server.player = Player(items, server.send, speed=0, patience=5)
    async with serving(server, "127.0.0.1", 0) as url:
        client = AriClient(url, "any", "any", "bot")
        running = asyncio.create_task(server.player.run())
        monitor = await client.monitors.start("c1", f"/new/{new}.raw", f"M{new}1")
        await client.monitors.stop("c1", monitor)
        assert (await running).requests == 2
        await client.close()
    assert monitor == "0x7"


async def test_single_steps_wait_before_each_event() -> None:
    seen: list[str] = []
    go = asyncio.Semaphore(0)

    async def gate(item: Item) -> None:
        seen.append(item.type)
        await go.acquire()

    async with replayed() as player:
        player.gate = gate
        running = asyncio.create_task(player.run())
        for _ in range(4):
            go.release()
        assert (await running).events == 4
    assert seen == ["StasisStart", "ChannelStateChange", "PlaybackFinished", "StasisEnd"]


async def test_who_looks_at_a_step_keeps_no_request_of_the_app_waiting() -> None:
    """Its answer was recorded after the event that is looked at."""
    shown: list[str] = []

    async def gate(item: Item) -> None:
        shown.append(item.kind)

    server = Server()
    items = [
        asked(1, "request", "POST /channels/c1/answer"),
        event("ChannelStateChange", 2.0),
        asked(1, "answer", "POST /channels/c1/answer"),
    ]
    server.player = player = Player(
        items,
        server.send,
        speed=0,
        patience=5,
        gate=gate,
        show=lambda one: shown.append(one.kind),
    )
    async with serving(server, "127.0.0.1", 0) as url:
        client = AriClient(url, "any", "any", "bot")
        await client.start()
        running = asyncio.create_task(player.run())
        await client.channels.answer("c1")
        assert (await running).requests == 1
        await client.close()
    assert shown == ["request", "answer", "event"]


def test_ids_are_bound_one_for_one() -> None:
    bindings = Bindings()
    other = "CA" + "e" * 32
    assert bindings.same(f"{OLD}-media", f"{NEW}-media")
    assert bindings.now(f"x {OLD} y") == f"x {NEW} y"
    assert not bindings.same(OLD, other)
    assert not bindings.same(other, NEW)
    assert bindings.same("127.0.0.1:4000", "127.0.0.1:5000")
    assert not bindings.same("hello", "world")
    assert bindings.same("***", "secret")


def test_what_differs_binds_nothing() -> None:
    bindings = Bindings()
    item = asked(1, "request", f"POST /x/{OLD}", query={"a": "1"})
    assert bindings.differences(item, Request("POST", f"/x/{NEW}", {"a": "2", "b": "3"})) == [
        "query.a: '1' was recorded, '2' came",
        "query.b: '3' is new",
    ]
    assert bindings.now(OLD) == OLD


def test_one_call_is_cut_out_from_its_beginning() -> None:
    begun = Item(at=1, kind="note", type="call-begun", call=OLD, channel="c1")
    other = Item(at=2, kind="event", type="StasisStart", channel="c2")
    assert of_one_call([asked(9, "request", "GET /channels"), other, RECORDING[0], begun]) == [
        RECORDING[0],
        begun,
    ]
    with pytest.raises(AssertionError, match="no call begins"):
        of_one_call(RECORDING)


def begun(sid: str, channel: str, **data: str) -> Item:
    about = {"from": "+1", "to": "+2", "direction": "inbound", **data}
    return Item(at=1, kind="note", type="call-begun", call=sid, channel=channel, data=about)


def test_any_call_that_came_in_is_cut_out_with_its_children() -> None:
    sids = ["CA" + str(number) * 32 for number in range(4)]
    one, two, child, rest = sids
    enters = Item(at=1, kind="event", type="StasisStart", channel="c2")
    items = [
        begun(rest, "c9", direction="outbound-api", to="+9"),
        RECORDING[0],
        begun(one, "c1"),
        enters,
        begun(two, "c2", to="+3"),
        begun(child, "c3", parent=two, direction="outbound-dial", to="+4"),
        Item(at=2, kind="twiml", type="Dial", call=two),
        Item(at=2, kind="request", type="POST /channels/c3/dial", channel="c3"),
        Item(at=2, kind="twiml", type="Say", call=one),
    ]
    assert [item.call for item in of_one_call(items)] == ["", one, one]
    for name in (two, "+3", "c2", child):
        cut = of_one_call(items, name)
        assert [item.type for item in cut] == [
            "StasisStart", "call-begun", "call-begun", "Dial", "POST /channels/c3/dial",
        ]  # fmt: skip
    there = rf"Calls that can: {one} \(\+1 → \+2\), {two} \(\+1 → \+3\)"
    with pytest.raises(AssertionError, match=f"nothing of 'CAx': .*{there}"):
        of_one_call(items, "CAx")
    with pytest.raises(AssertionError, match=f"{rest} was made by REST.*{there}"):
        of_one_call(items, "+9")


def test_a_recording_becomes_a_test_in_one_command(tmp_path: Path) -> None:
    kept = tmp_path / "call.jsonl"
    head = record.line(record.header(at=1.0, source="tap"))
    kept.write_bytes(head + b"".join(map(record.line, RECORDING)))
    target = tmp_path / "tests" / "test_hello.py"
    result = CliRunner().invoke(app, ["test", str(kept), "--as-test", str(target)])
    assert result.exit_code == 0, result.stderr
    assert target.with_suffix(".jsonl").read_bytes() == kept.read_bytes()
    compile(target.read_text(), str(target), "exec")
    assert "def test_hello_runs_as_recorded" in target.read_text()
    chosen = ["test", str(kept), "--as-test", str(target), "--call", "+15550100"]
    assert CliRunner().invoke(app, chosen).exit_code == 0
    assert "check(RECORDING, call='+15550100')" in target.read_text()
    wrong = CliRunner().invoke(app, ["test", str(kept), "--as-test", str(tmp_path / "x.py")])
    assert (wrong.exit_code, "test_call.py" in wrong.stderr) == (2, True)
