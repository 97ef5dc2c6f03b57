"""Twilio's pages of <Play>, <Pause>, <Redirect>, <Hangup>, <Reject>: attributes one by one."""

from __future__ import annotations

from typing import Literal

import pytest

from twiml import Hangup, Pause, Play, Redirect, Reject, Verb, parse


def one(inner: str) -> tuple[Verb, list[int]]:
    document = parse(f"<Response>{inner}</Response>")
    (verb,) = document.verbs
    return verb, [problem.code for problem in document.warnings]


@pytest.mark.parametrize(
    ("written", "rounds"),
    [("1", 1), ("0", 1000), ("7", 7), ("1000", 1000), ("5000", 1000), (" 3 ", 3), ("007", 7)],
)
def test_play_loop(written: str, rounds: int) -> None:
    assert one(f"<Play loop='{written}'>a.wav</Play>") == (Play("a.wav", loop=rounds), [])


@pytest.mark.parametrize("written", ["-1", "x", "", "1.5", "1_0", "+2", "٣", "9" * 5000])
def test_play_bad_loop_plays_once(written: str) -> None:
    assert one(f"<Play loop='{written}'>a.wav</Play>") == (Play("a.wav"), [13410])


def test_play_url_is_trimmed_and_unescaped() -> None:
    verb, warnings = one("<Play>\n  https://x/y.mp3?a=1&amp;b=2\n</Play>")
    assert verb == Play("https://x/y.mp3?a=1&b=2")
    assert warnings == []


def test_play_digits() -> None:
    assert one("<Play digits='wW0123456789ABCD*#'/>") == (Play("", "wW0123456789ABCD*#"), [])


@pytest.mark.parametrize("keys", ["", "12,3", "E", "1 2", "a"])
def test_play_bad_digits_fall_back_to_the_address(keys: str) -> None:
    assert one(f"<Play digits='{keys}'>a.wav</Play>") == (Play("a.wav"), [13430])


def test_play_of_nothing_is_left_out() -> None:
    document = parse("<Response><Play/><Play digits='x'/></Response>")
    assert document.verbs == ()
    assert [problem.code for problem in document.warnings] == [13420, 13430, 13420]


@pytest.mark.parametrize(("written", "length"), [("1", 1), ("40", 40), ("86400", 86400)])
def test_pause_length(written: str, length: int) -> None:
    assert one(f"<Pause length='{written}'/>") == (Pause(length), [])


@pytest.mark.parametrize("written", ["0", "-1", "1.5", "x", "", "86401", "9" * 5000])
def test_pause_bad_length(written: str) -> None:
    assert one(f"<Pause length='{written}'/>") == (Pause(1), [13910])


@pytest.mark.parametrize(("written", "method"), [("GET", "GET"), ("get", "GET"), ("POST", "POST")])
def test_redirect_method(written: str, method: Literal["GET", "POST"]) -> None:
    verb, warnings = one(f"<Redirect method='{written}'> ../menu?x=1 </Redirect>")
    assert verb == Redirect("../menu?x=1", method)
    assert warnings == []


def test_redirect_bad_method_is_post() -> None:
    assert one("<Redirect method='PUT'>/x</Redirect>") == (Redirect("/x", "POST"), [13710])


def test_redirect_without_text_is_the_same_document() -> None:
    assert one("<Redirect/>") == (Redirect(""), [])


def test_fact_29_reject_as_first_verb() -> None:
    assert one("<Reject/>") == (Reject("rejected"), [])
    assert one("<Reject reason='busy'/>") == (Reject("busy"), [])
    assert one("<Reject reason='Busy'/>") == (Reject("rejected"), [13810])


def test_fact_29_pause_as_first_verb_stays_first() -> None:
    document = parse("<Response> <!-- ring a bit --> <Pause length='3'/><Say>x</Say></Response>")
    assert document.verbs[0] == Pause(3)


@pytest.mark.parametrize("name", ["Hangup", "Reject"])
def test_parameters_the_sdk_can_put_inside_are_ignored(name: str) -> None:
    verb, warnings = one(f"<{name}><Parameter name='a' value='b'/></{name}>")
    assert verb == (Hangup() if name == "Hangup" else Reject())
    assert warnings == []


def test_content_without_a_place_is_ignored_with_a_warning() -> None:
    verb, warnings = one("<Hangup now='1'>text<Say>x</Say></Hangup>")
    assert verb == Hangup()
    assert warnings == [12200, 12200, 12200]


def test_verbs_are_frozen_and_hashable_values() -> None:
    verb = Pause(2)
    with pytest.raises(AttributeError):
        verb.length = 3  # type: ignore[misc]
    assert Pause(2, line=7) == Pause(2, line=9)
