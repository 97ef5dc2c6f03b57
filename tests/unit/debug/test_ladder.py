"""Recorded calls and the ladders that they make.

`golden/*.jsonl` are real calls, kept from the tap; ids, ports and times are made even.
`ARISWITCH_GOLDEN=write` writes the ladders anew: look at the difference before it is committed.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from ari_app.debug.ladder import NoCallError, Story, pick, tell
from ari_app.debug.ladder.command import ladder
from ari_app.debug.ladder.html import page
from ari_app.debug.ladder.text import Ladder
from ari_app.debug.record import Item, header, line
from ari_app.debug.sources import recorded

GOLDEN = Path(__file__).parent / "golden"
#: Asterisk's end of the media leg of `stream.jsonl`.
PORT = "20832"
CALLS = sorted(path.stem for path in GOLDEN.glob("*.jsonl"))


def items_of(name: str) -> list[Item]:
    return recorded(GOLDEN / f"{name}.jsonl")


def drawn(story: Story, width: int = 140) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, markup=False).print(Ladder(story))
    return "".join(f"{one.rstrip()}\n" for one in out.getvalue().splitlines())


@pytest.mark.parametrize("name", CALLS)
def test_golden(name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    text = drawn(tell(pick(items_of(name))))
    if os.environ.get("ARISWITCH_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def test_there_are_golden_calls() -> None:
    assert {"dial", "stream", "trouble"} <= set(CALLS)


@pytest.mark.parametrize(
    "wanted",
    [
        "sid",
        "channel",
        "name",
        "number",
        "caller",
        "Call-ID",
        "stream SID",
        "bridge",
        "port",
        "host and port",
        None,
    ],
)
def test_a_call_is_found_by_any_of_its_names(wanted: str | None) -> None:
    items = items_of("stream") + items_of("trouble")
    items.sort(key=lambda item: item.at)
    story = tell(pick(items_of("stream")))
    facts = dict(story.facts)
    channel, name = facts["channel (phone)"].split()
    known = {
        "sid": facts["call"],
        "channel": channel,
        "name": name,
        "number": story.title.split(" → ")[1],
        "caller": story.title.split(" → ")[0],
        "Call-ID": facts["SIP Call-ID"],
        "stream SID": facts["stream"],
        "bridge": facts["stream"] + "-bridge",
        "port": PORT,
        "host and port": f"127.0.0.1:{PORT}",
        None: None,
    }
    assert tell(pick(items_of("stream"), known[wanted])).rows == story.rows


def test_what_nobody_knows_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoCallError, match=r"nothing of 'CAx' among \d+ items"):
        pick(items_of("stream"), "CAx")
    with pytest.raises(NoCallError):
        pick([])


def test_a_playback_that_is_stopped_belongs_to_its_call_and_to_no_other() -> None:
    begun = {"from": "+1", "to": "+2"}
    items = [
        Item(at=1.0, kind="note", type="call-begun", call="CA1", channel="c.1", data=begun),
        Item(at=1.1, kind="note", type="call-begun", call="CA2", channel="c.18", data=begun),
        Item(at=2.0, kind="request", type="DELETE /playbacks/c.1-play-1"),
        Item(at=2.1, kind="request", type="DELETE /playbacks/c.18-play-1"),
    ]
    assert [item.type for item in pick(items, "CA1")][1:] == ["DELETE /playbacks/c.1-play-1"]
    assert [item.type for item in pick(items, "CA2")][1:] == ["DELETE /playbacks/c.18-play-1"]


def test_children_belong_to_their_call_and_lead_to_it() -> None:
    items = items_of("dial")
    child = next(item.call for item in items if item.type == "call-begun" and item.linked)
    assert tell(pick(items, child)).rows == tell(pick(items)).rows
    assert "callee" in tell(pick(items)).lanes


def test_without_sids_a_call_is_followed_through_its_channels() -> None:
    """What attaching to another application's Asterisk gives: events alone."""
    items = [
        Item(
            at=one.at,
            seq=one.seq,
            source="attach",
            kind="event",
            type=one.type,
            channel=one.channel,
            bridge=one.bridge,
            linked=one.linked,
            caller=one.caller,
            data=one.data,
        )
        for one in items_of("dial")
        if one.kind == "event"
    ]
    story = tell(pick(items))
    invites = [(row.lane, row.target) for row in story.rows if row.label.startswith("INVITE")]
    assert invites == [("phone", "asterisk"), ("asterisk", "callee")]


def test_the_page_needs_nothing_but_itself() -> None:
    items = items_of("trouble")
    story = tell(pick(items))
    text = page(story)
    assert "<script" not in text
    assert not re.search(r"""<[^>]*\s(?:src|href)\s*=|url\(|@import""", text)
    assert text.count("<summary") == len(story.rows)
    assert "prefers-color-scheme: dark" in text


def test_the_page_escapes_what_a_caller_sends() -> None:
    evil = Item(at=1.0, kind="note", type="problem", call="CA1", error="<script>alert(1)</script>")
    text = page(tell([evil]))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_what_repeats_is_folded_and_counted() -> None:
    marks = [
        Item(
            at=100 + number / 10,
            kind="stream",
            type="mark",
            call="CA1",
            data={"stream_sid": "MZ1", "name": "m", "outcome": "played"},
        )
        for number in range(20)
    ]
    [row] = tell(marks).rows
    assert (row.count, round(row.until - row.at, 1)) == (20, 1.9)
    assert len(tell(marks, everything=True).rows) == 20


def test_the_terminal_is_never_overrun() -> None:
    for width in (80, 100, 200):
        assert max(map(len, drawn(tell(pick(items_of("trouble"))), width).splitlines())) <= width


def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(ladder)
    return made


def test_the_command_reads_a_recording_and_tells_failures_apart(tmp_path: Path) -> None:
    file = tmp_path / "call.jsonl"
    items = items_of("stream")
    file.write_bytes(
        line(header(at=items[0].at, source="tap")) + b"".join(line(one) for one in items)
    )
    run = CliRunner().invoke
    shown = run(app(), ["--last", "--from", str(file), "--width", "140"])
    assert shown.exit_code == 0
    assert "INVITE" in shown.stdout
    html = tmp_path / "call.html"
    assert run(app(), ["--last", "--from", str(file), "--html", str(html)]).exit_code == 0
    assert html.read_text().startswith("<!doctype html>")
    assert run(app(), ["CAx", "--from", str(file)]).exit_code == 1
    assert run(app(), ["--last", "--from", str(tmp_path / "none")]).exit_code == 3
    assert run(app(), ["--last", "--tap", str(tmp_path / "none")]).exit_code == 3
    assert run(app(), ["--last", "--from", str(file), "--pcap", str(file)]).exit_code == 3
    assert run(app(), []).exit_code == 2
