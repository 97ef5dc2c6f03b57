"""The filter language, condition by condition, and what it says of a mistake."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.debug.filters import FilterError, parse
from ari_app.debug.record import Item

START = Item(
    at=1.0,
    kind="event",
    type="StasisStart",
    channel="1700.1",
    call="CA12",
    linked=("1700.2",),
    caller="+15550100",
    app="bot",
    data={
        "channel": {"id": "1700.1", "name": "PJSIP/alice-00000001", "state": "Ring"},
        "args": ["inbound", "echo"],
    },
)
ANSWER = Item(
    at=2.0,
    kind="answer",
    type="POST /channels/1700.1/answer",
    channel="1700.1",
    bridge="b9",
    ms=250.5,
    status=409,
    error="not in Stasis",
    data={"number": 7, "answer": {"message": "not in Stasis"}},
)
VERB = Item(at=3.0, kind="twiml", type="Dial", call="CA12", data={"state": "begin", "nested": True})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (START, ANSWER, VERB)),
        ("type:StasisStart", (START,)),
        ("type:stasis*,post*", (START, ANSWER)),
        ("kind:twiml", (VERB,)),
        ("verb:dial", (VERB,)),
        ("verb:Stasis*", ()),
        ("app:bot", (START,)),
        ("caller:*0100", (START,)),
        ("caller:+15550100", (START,)),
        ("channel:PJSIP/*", (START,)),
        ("channel:1700.1", (START, ANSWER)),
        ("id:CA12", (START, VERB)),
        ("id:1700.2", (START,)),
        ("id:b9", (ANSWER,)),
        ("slow", (ANSWER,)),
        ("slow>250ms", (ANSWER,)),
        ("slow>0.3s", ()),
        ("ms<=1s", (ANSWER,)),
        ("error", (ANSWER,)),
        ("error~stasis", (ANSWER,)),
        ("status>=400", (ANSWER,)),
        ("status=409", (ANSWER,)),
        ("channel.name~PJSIP", (START,)),
        ("channel.name~^alice", ()),
        ("data.channel.state=ring", (START,)),
        ("channel.state!=Ring", (ANSWER, VERB)),
        ("args=echo", (START,)),
        ("answer.message~'", ()),
        ('answer.message="not in stasis"', (ANSWER,)),
        ("nested=true", (VERB,)),
        ("number>6", (ANSWER,)),
        ("alice", (START,)),
        ("al*", ()),
        ("pjsip/al*", (START,)),
        ("not kind:event", (ANSWER, VERB)),
        ("!error & !verb:*", (START,)),
        ("error or verb:Dial", (ANSWER, VERB)),
        ("kind:event or kind:answer error", (START, ANSWER)),
        ("(kind:event or kind:answer) and error", (ANSWER,)),
        ("not (error or kind:twiml)", (START,)),
        ("kind:event | kind:twiml && id:CA12", (START, VERB)),
    ],
)
def test_a_filter_chooses(text: str, expected: tuple[Item, ...]) -> None:
    chosen = parse(text)
    assert tuple(item for item in (START, ANSWER, VERB) if chosen(item)) == expected


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("type:", 5, "nothing to compare type with"),
        ("(error", 0, "not closed"),
        ("error)", 5, "too many"),
        ("error and", 9, "missing at the end"),
        ("or error", 0, "a condition should stand here"),
        ("slow>fast", 5, "no duration"),
        ("status>many", 7, "no number"),
        ("channel.name~[", 13, "not a regular expression"),
        ('caller:"abc', 7, "not closed"),
        ("a..b=1", 0, "no name of a member"),
        (":x", 0, "a condition should stand here"),
    ],
)
def test_a_mistake_is_shown_where_it_is(text: str, position: int, reason: str) -> None:
    with pytest.raises(FilterError, match=reason) as caught:
        parse(text)
    assert caught.value.position == position
    assert str(caught.value).splitlines()[-1].index("^") == position + 2


def test_data_of_any_shape_is_looked_into_without_failing() -> None:
    odd: list[Any] = [
        None,
        "text",
        7,
        [1, [2]],
        {"channel": "x"},
        {"channel": {"name": 5}},
        {"bridge": []},
    ]
    chosen = parse("channel.name~x or id:y or bridge:z or caller:q or hello or status>1")
    assert [chosen(Item(at=0, kind="event", data=data)) for data in odd] == [False] * len(odd)
