"""The record on disk and on the socket: what every part of ari-debug relies on."""

from __future__ import annotations

import io

import msgspec
import pytest

from ari_app.debug import record
from ari_app.debug.record import Item, RecordError


def test_a_recording_comes_back_as_it_was_written() -> None:
    items = [
        Item(at=1.5, seq=1, kind="event", type="StasisStart", channel="c1", data={"x": [1, "ä"]}),
        Item(at=2.5, seq=2, kind="answer", type="GET /channels", status=404, error="no", ms=1.25),
    ]
    first = record.header(at=1.0, source="attach", asterisk="22.10.1", app="me")
    text = record.line(first) + b"".join(map(record.line, items))
    found, rest = record.read(io.BytesIO(text))
    assert (found, list(rest)) == (first, items)


def test_members_at_rest_are_left_out() -> None:
    assert msgspec.json.decode(record.line(Item(at=1.0, kind="note"))) == {
        "at": 1.0,
        "kind": "note",
    }


def test_members_and_kinds_of_the_future_are_passed_over() -> None:
    item = record.read_item(b'{"at":1,"kind":"video","colour":"blue","type":"x"}')
    assert (item.kind, item.type) == ("video", "x")


def test_a_newer_version_is_refused_by_name() -> None:
    with pytest.raises(RecordError, match="version 99"):
        record.read_header(b'{"ari-debug":99}')


@pytest.mark.parametrize("text", [b"", b"hello\n", b"[]\n", b'{"at":1,"kind":"event"}\n'])
def test_what_is_no_recording_is_told_so(text: bytes) -> None:
    with pytest.raises(RecordError, match="not a recording"):
        record.read(io.BytesIO(text))


def test_a_broken_line_is_told_by_number() -> None:
    text = record.line(record.header(at=0, source="tap")) + b'{"at":1,"kind":"note"}\n{"at":\n'
    _, items = record.read(io.BytesIO(text))
    with pytest.raises(RecordError, match="line 3"):
        list(items)


def test_a_last_line_cut_short_by_a_kill_is_passed_over() -> None:
    text = record.line(record.header(at=0, source="tap")) + b'{"at":1,"kind":"note"}\n{"at":2,"ki'
    _, items = record.read(io.BytesIO(text))
    assert [item.at for item in items] == [1.0]
