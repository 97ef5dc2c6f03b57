"""Everything that ARI says has words that explain it."""

from __future__ import annotations

import pytest

from ari_app.debug.explain import EVENTS, MEANING, MODELS, WHEN, explain, operations, similar


def test_every_event_is_explained_and_nothing_else_is() -> None:
    assert set(WHEN) == set(EVENTS)
    assert len(EVENTS) == 46


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_says_when_it_comes_and_what_it_carries(name: str) -> None:
    text = explain(name.lower())
    assert text is not None
    assert WHEN[name] in text
    own = EVENTS[name].__annotations__
    assert [member for member in own if f"  {member} " not in text] == []


def test_every_explained_member_exists() -> None:
    for member in MEANING:
        text = explain(member)
        assert text is not None
        assert MEANING[member] in text


def test_every_model_and_operation_is_found_by_its_name() -> None:
    for name in MODELS:
        assert explain(name), name
    names = [name for name, _ in operations()]
    assert len(names) > 90
    for name in names:
        assert f"{name}  (operation)" in (explain(name) or ""), name


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("StasisStart.channel.dialplan", "(member, DialplanCEP)"),
        ("dial.peer.name", "(member, text)"),
        ("POST /channels", "channels.originate  (operation)"),
        ("externalMedia", "external_host"),
        ("channels.answer", "POST /channels/{channelId}/answer"),
        ("from", "TextMessage"),
    ],
)
def test_members_and_operations_are_found_in_other_forms(word: str, said: str) -> None:
    assert said in (explain(word) or "")


def test_a_slip_of_the_pen_has_a_suggestion() -> None:
    assert explain("StasisStarted") is None
    assert "StasisStart" in similar("StasisStarted")
    assert explain("StasisStart.nothing") is None
