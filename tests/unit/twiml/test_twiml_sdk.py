"""Documents of the official twilio library mean here what was meant there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml import TwiML
from twilio.twiml.voice_response import Say as SdkSay
from twilio.twiml.voice_response import VoiceResponse

from twiml import (
    Connect,
    Document,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Stream,
    Verb,
    parse,
)


def methods(owner: type[TwiML]) -> list[str]:
    """Names of the builder methods a class adds itself."""
    return [
        name
        for name, member in vars(owner).items()
        if inspect.isfunction(member) and not name.startswith("_")
    ]


def fill(method: Callable[..., TwiML]) -> TwiML:
    """Call a builder with a value for every argument it names."""
    named = [
        parameter.name
        for parameter in inspect.signature(method).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    return method(**dict.fromkeys(named, "x"))


@pytest.mark.parametrize("name", methods(SdkSay))
def test_every_ssml_tag_is_known(name: str) -> None:
    response = VoiceResponse()
    say = response.say("before")
    tag = fill(getattr(say, name))
    document = parse(str(response))
    (verb,) = document.verbs
    assert isinstance(verb, Say)
    assert document.warnings == ()
    assert verb.ssml is not None
    assert f"<{tag.name}" in verb.ssml


@pytest.mark.parametrize("name", methods(SdkSay))
def test_every_nested_ssml_tag_is_known(name: str) -> None:
    response = VoiceResponse()
    outer = fill(getattr(response.say(), name))
    for inner in methods(type(outer)):
        fill(getattr(outer, inner))
    assert parse(str(response)).warnings == ()


# What XML 1.0 can carry. Carriage returns become newlines on the way, by its own rules.
TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"],
        exclude_characters="\ufffe\uffff",
        include_characters="\t\n",
    )
)
# An attribute keeps its text to the letter; element text is trimmed and words are collapsed.
ATTRIBUTE = TEXT
METHODS = st.sampled_from(["GET", "POST"])
COUNTS = st.integers(0, 3000)
LENGTHS = st.integers(1, 1000)

Built = tuple[Callable[[Any], Any], Verb | None]


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def rounds(loop: int | None) -> int:
    return 1 if loop is None else min(loop, 1000) or 1000


@st.composite
def says(draw: st.DrawFn) -> Built:
    text, loop = draw(TEXT), draw(optional(COUNTS))
    voice = draw(optional(st.sampled_from(["man", "woman", "alice", "Polly.Joanna-Neural"])))
    language = draw(optional(st.sampled_from(["en-US", "de-DE", "cmn-CN"])))
    meant = " ".join(text.split())
    verb = Say(meant, voice or "man", language, rounds(loop)) if meant else None
    return lambda r: r.say(text, voice=voice, language=language, loop=loop), verb


@st.composite
def plays(draw: st.DrawFn) -> Built:
    url, loop = draw(TEXT), draw(optional(COUNTS))
    digits = draw(optional(st.text("0123456789ABCD*#wW", min_size=1)))
    meant = url.strip()
    verb = Play(meant, digits, rounds(loop)) if meant or digits else None
    return lambda r: r.play(url, digits=digits, loop=loop), verb


@st.composite
def connects(draw: st.DrawFn) -> Built:
    url, action, method = draw(ATTRIBUTE), draw(optional(ATTRIBUTE)), draw(optional(METHODS))
    name, track = draw(optional(ATTRIBUTE)), draw(optional(st.sampled_from(["inbound_track"])))
    callback, callback_method = draw(optional(ATTRIBUTE)), draw(optional(METHODS))
    parameters = draw(st.dictionaries(st.text("abcXYZ_-", min_size=1), ATTRIBUTE, max_size=4))

    def write(response: VoiceResponse) -> None:
        connect = response.connect(action=action, method=method)
        stream = connect.stream(
            url=url,
            name=name,
            track=track,
            status_callback=callback,
            status_callback_method=callback_method,
        )
        for key, value in parameters.items():
            stream.parameter(name=key, value=value)

    stream = Stream(
        url=url.strip(),
        name=name or None,
        track=track or "inbound_track",
        status_callback=(callback or "").strip() or None,
        status_callback_method=callback_method or "POST",
        parameters={k: v for k, v in parameters.items() if len(k) + len(v) <= 500},
    )
    return write, Connect(stream, None if action is None else action.strip(), method or "POST")


@st.composite
def gathers(draw: st.DrawFn) -> Built:
    keys, digits = draw(optional(st.sampled_from([*"0123456789*#", ""]))), draw(optional(LENGTHS))
    timeout, hints = draw(optional(LENGTHS)), draw(st.lists(st.text("abc", min_size=1), max_size=3))
    both, empty = draw(st.booleans()), draw(optional(st.booleans()))
    action = draw(ATTRIBUTE)
    nested = draw(st.lists(pauses() | says(), max_size=3))

    def write(response: VoiceResponse) -> None:
        gather = response.gather(
            input="speech dtmf" if both else None,
            action=action,
            finish_on_key=keys,
            num_digits=digits,
            timeout=timeout,
            hints=",".join(hints),
            action_on_empty_result=empty,
        )
        for child, _ in nested:
            child(gather)

    return write, Gather(
        input=("dtmf", "speech") if both else ("dtmf",),
        action=action.strip() or None,
        finish_on_key="#" if keys is None else keys,
        num_digits=digits,
        timeout=timeout or 5,
        hints=tuple(hints),
        action_on_empty_result=bool(empty),
        children=tuple(verb for _, verb in nested if isinstance(verb, Say | Pause)),
    )


@st.composite
def redirects(draw: st.DrawFn) -> Built:
    url, method = draw(TEXT), draw(optional(METHODS))
    return lambda r: r.redirect(url, method=method), Redirect(url.strip(), method or "POST")


@st.composite
def pauses(draw: st.DrawFn) -> Built:
    length = draw(optional(st.integers(1, 86400)))
    return lambda r: r.pause(length=length), Pause(length or 1)


REASONS = st.sampled_from(["busy", "rejected"])
ENDINGS: st.SearchStrategy[Built] = st.just((lambda r: r.hangup(), Hangup())) | REASONS.map(
    lambda reason: (lambda r: r.reject(reason=reason), Reject(reason))
)
# One after the other: hypothesis shrinks towards the first.
BUILT: st.SearchStrategy[list[Built]] = st.lists(
    ENDINGS | pauses() | redirects() | plays() | says() | connects() | gathers(), max_size=12
)


@given(BUILT)
def test_what_the_builder_writes_is_what_was_meant(built: list[Built]) -> None:
    response = VoiceResponse()
    for write, _ in built:
        write(response)
    document = parse(str(response).encode())
    assert document == Document(
        tuple(verb for _, verb in built if verb is not None), document.warnings
    )
    # The only thing wrong with such a document may be what is empty or too long.
    assert {problem.code for problem in document.warnings} <= {12200, 13420, 13520}
