"""The command line as its user meets it: output, errors, exit codes, pipes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from ari_app.debug import record
from ari_app.debug.cli import app
from ari_app.debug.record import Item

runner = CliRunner()
#: No node there.
NOWHERE = {"ARISWITCH_STATE_DIR": "/nowhere/at/all"}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    channel = {"id": "c1", "name": "PJSIP/alice-1", "caller": {"number": "+15551234567"}}
    items = [
        Item(at=10.0, seq=1, kind="event", type="ChannelCreated", channel="c1",
             caller="+15551234567", data={"channel": channel}),
        Item(at=10.2, seq=2, kind="answer", type="GET /x", status=404, error="gone", ms=150.0),
        Item(at=10.3, seq=3, kind="event", type="ChannelDestroyed", channel="c1",
             data={"channel": channel, "cause": 16, "cause_txt": "Normal Clearing"}),
    ]  # fmt: skip
    path = tmp_path / "call.jsonl"
    first = record.header(at=10.0, source="attach", asterisk="22.10.1")
    path.write_bytes(record.line(first) + b"".join(map(record.line, items)))
    return path


def test_tail_of_a_recording_is_one_line_an_item(recording: Path) -> None:
    result = runner.invoke(app, ["tail", "--from", str(recording)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert "PJSIP/alice-1" in lines[0]
    assert "+0.300" in lines[2]
    assert "16 Normal Clearing" in lines[2]


def test_json_gives_the_records_themselves(recording: Path) -> None:
    result = runner.invoke(app, ["tail", "--from", str(recording), "--json", "slow or error"])
    (line,) = result.stdout.splitlines()
    assert msgspec.json.decode(line)["type"] == "GET /x"


def test_until_ends_with_0_when_it_came_and_1_when_not(recording: Path) -> None:
    came = runner.invoke(app, ["tail", "--from", str(recording), "--until", "error"])
    assert (came.exit_code, len(came.stdout.splitlines())) == (0, 2)
    missing = runner.invoke(app, ["tail", "--from", str(recording), "--until", "type:Dial"])
    assert missing.exit_code == 1
    assert "did not come" in missing.stderr


def test_new_leaves_out_what_was_before(recording: Path) -> None:
    arguments = ["tail", "--new", "--from", str(recording), "--until", "error"]
    result = runner.invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_wrong_filter_shows_the_place(recording: Path) -> None:
    result = runner.invoke(app, ["tail", "--from", str(recording), "(error"])
    assert result.exit_code == 2
    assert "not closed\n  (error\n  ^" in result.stderr


def test_nothing_there_is_3(tmp_path: Path) -> None:
    for where in (
        ["--from", str(tmp_path / "none.jsonl")],
        ["--tap", str(tmp_path / "none.sock")],
        ["--url", "http://127.0.0.1:1"],
        ["--url", "ftp://x"],
    ):
        result = runner.invoke(app, ["tail", *where])
        assert result.exit_code == 3, where
        assert result.stderr.startswith("ari-debug: ")
    (tmp_path / "text").write_text("hello\n")
    result = runner.invoke(app, ["tail", "--from", str(tmp_path / "text")])
    assert (result.exit_code, "not a recording" in result.stderr) == (1, True)


def test_record_keeps_what_the_filter_lets_pass_and_may_redact(
    recording: Path, tmp_path: Path
) -> None:
    out = tmp_path / "part.jsonl"
    result = runner.invoke(
        app, ["record", str(out), "--from", str(recording), "--redact", "type:Channel*"]
    )
    assert result.exit_code == 0
    assert "2 records" in result.stderr
    with out.open("rb") as file:
        header, items = record.read(file)
        kept = list(items)
    assert header.asterisk == "22.10.1"
    assert [item.type for item in kept] == ["ChannelCreated", "ChannelDestroyed"]
    assert b"5551234567" not in out.read_bytes()
    assert kept[0].caller == "+00000000000"
    assert kept[0].data["channel"]["name"] == "PJSIP/alice-1"


def test_a_pipe_that_is_closed_ends_it_quietly(recording: Path) -> None:
    big = recording.with_name("big.jsonl")
    head, first, *_ = recording.read_bytes().splitlines(keepends=True)
    big.write_bytes(head + first * 50_000)
    tail = subprocess.Popen(  # one process, as behind `| head -1`
        [sys.executable, "-m", "ari_app.debug.cli", "tail", "--from", str(big)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert tail.stdout is not None
    assert tail.stderr is not None
    assert b"ChannelCreated" in tail.stdout.readline()
    tail.stdout.close()
    assert (tail.stderr.read(), tail.wait()) == (b"", 0)
    tail.stderr.close()


def test_a_call_or_a_word_is_explained_and_neither_is_said(tmp_path: Path) -> None:
    golden = str(Path(__file__).parent / "golden" / "forbidden.jsonl")
    called = runner.invoke(app, ["explain", "+15550100", "--from", golden])
    assert called.exit_code == 0
    assert "answered 403" in called.stdout
    assert runner.invoke(app, ["explain", "--last", "--from", golden]).stdout == called.stdout
    told = msgspec.json.decode(
        runner.invoke(app, ["explain", "--last", "--json", "--from", golden]).stdout
    )
    assert [one["rule"] for one in told["findings"]] == ["bot-handshake", "nothing-follows"]
    assert "(event)" in runner.invoke(app, ["explain", "StasisStart", "--from", golden]).stdout
    assert "Fix:" in runner.invoke(app, ["explain", "31920"]).stdout
    neither = runner.invoke(app, ["explain", "StasisStarted", "--from", golden])
    assert neither.exit_code == 1
    assert "Did you mean StasisStart" in neither.stderr
    assert "nothing of 'StasisStarted' among" in neither.stderr
    nowhere = runner.invoke(app, ["explain", "CA1", "--tap", str(tmp_path / "none")])
    assert nowhere.exit_code == 3
    assert runner.invoke(app, ["explain", "CA1", "--last"]).exit_code == 2
    alone = runner.invoke(app, ["explain", "CA1", "--pcap", str(tmp_path / "none")], env=NOWHERE)
    assert alone.exit_code == 3
    assert "none" in alone.stderr
    silent = runner.invoke(app, ["explain", "CA1"], env=NOWHERE)
    assert silent.exit_code == 1
    assert "No ariswitch runs here" in silent.stderr
