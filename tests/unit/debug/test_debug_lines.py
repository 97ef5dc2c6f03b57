"""Lines that a person reads: what they must say, and that nothing breaks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from ari_app.debug.events import event_item
from ari_app.debug.lines import Lines
from ari_app.debug.record import Item

WIRE = Path(__file__).parents[2] / "wire" / "ari"


def event(name: str) -> Item:
    return event_item(msgspec.json.decode((WIRE / f"{name}.json").read_bytes()), at=100.0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("StasisStart", ["Local/echo@try-00000006;2", "Ring", "from 100 'Al'", "inbound,echo"]),
        ("ChannelVarset", ["FOO=bär & ,"]),
        ("ChannelDestroyed", ["16 Normal Clearing"]),
        ("ChannelEnteredBridge", ["b (simple_bridge, 1 channel)"]),
        ("PlaybackFinished", ["sound:…/beep", "[pb/1]"]),
        ("RecordingFinished", ["rec2.wav 2 s"]),
        ("Dial-answer", ["ANSWER → Local/echo@try-00000006;1"]),
    ],
)
def test_a_line_says_what_the_event_is_about(name: str, said: list[str]) -> None:
    line = Lines().line(event(name))
    assert line.startswith("   +0.000 ◀ ")
    assert [words for words in said if words not in line] == []


def test_every_event_of_a_real_asterisk_has_a_line_with_its_type() -> None:
    lines = Lines(colour=True, width=100)
    for path in sorted(WIRE.glob("*.json")):
        item = event(path.stem)
        assert item.type in lines.line(item)


def test_a_request_is_named_after_the_channel_that_an_event_showed() -> None:
    lines = Lines()
    lines.line(event("StasisStart"))
    line = lines.line(
        Item(at=100.1, kind="request", type="POST /channels/one;2/x", channel="one;2")
    )
    assert "Local/echo@try-00000006;2" in line
    assert line.startswith("   +0.100 ▶ ")
    assert "POST /channels/…/x" in line


def test_a_gap_is_marked() -> None:
    lines = Lines()
    lines.line(Item(at=1.0, kind="note"))
    assert "3.5 s of nothing" in lines.line(Item(at=4.5, kind="note"))


def test_a_failure_is_red_and_says_why() -> None:
    item = Item(at=1.0, kind="answer", type="POST /x", status=409, error="busy", ms=3.21)
    line = Lines(colour=True).line(item)
    assert "\x1b[31mPOST /x" in line
    assert "409 (3.2 ms) ! busy" in line


def test_a_channel_keeps_its_colour() -> None:
    def painted(at: float) -> str:
        line = Lines(colour=True).line(Item(at=at, kind="note", type="t", channel="one"))
        return line.split("one")[0][-5:]

    assert painted(1.0) == painted(9.0)


def test_a_narrow_terminal_and_a_terminal_of_ascii_are_respected() -> None:
    lines = Lines(width=80, unicode=False)
    for path in WIRE.glob("*.json"):
        assert all(len(line) <= 80 for line in Lines(width=80).line(event(path.stem)).splitlines())
        assert lines.line(event(path.stem)).replace("…", "").isascii()


@pytest.mark.parametrize(
    "data", [None, "text", 5, [1], {}, {"channel": 7}, {"playback": "x"}, {"bridge": None}]
)
@pytest.mark.parametrize("kind", ["event", "request", "answer", "webhook", "twiml", "new-kind"])
def test_data_of_any_shape_has_a_line(kind: str, data: Any) -> None:
    for name in ("PlaybackStarted", "BridgeCreated", "RecordingFailed", "NeverHeardOf", "Dial"):
        assert name in Lines().line(Item(at=1.0, kind=kind, type=name, data=data))


def test_an_item_of_one_of_several_nodes_says_whose() -> None:
    lines = Lines()
    first = lines.line(Item(at=1.0, kind="note", type="problem", node="node10"))
    assert first.startswith("   +0.000 node10 · ")
    second = lines.line(Item(at=1.0, kind="note", type="problem", node="n1"))
    assert second.startswith("   +0.000 n1     · ")
