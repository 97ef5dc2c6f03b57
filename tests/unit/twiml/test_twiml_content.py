"""Twilio, "TwiML MIME types": what a response means by its Content-Type."""

from __future__ import annotations

import pytest

from twiml import AUDIO_TYPES, Document, Hangup, Play, Say, TwimlError, interpret

URL = "https://app.example/voice"
HANGUP = b"<?xml version='1.0'?><Response><Hangup/></Response>"


def fatal(content_type: str | None, body: bytes) -> int:
    with pytest.raises(TwimlError) as caught:
        interpret(content_type, body, URL)
    return caught.value.code


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "application/xml",
        "text/html",
        "text/plain",
        "Application/XML",
        "text/xml; charset=utf-8",
        'text/xml;charset="UTF-8"',
        "text/xml; charset=no-such-thing",
        " text/xml ;",
    ],
)
def test_twiml_types(content_type: str) -> None:
    assert interpret(content_type, HANGUP, URL) == Document((Hangup(),))


@pytest.mark.parametrize("content_type", sorted(AUDIO_TYPES))
def test_audio_is_played_once(content_type: str) -> None:
    assert interpret(content_type, b"RIFF" * 100_000, URL) == Document((Play(URL),))


def test_plain_text_is_spoken() -> None:
    document = interpret("text/plain", "Grüß  Gott\n".encode(), URL)
    assert document == Document((Say("Grüß Gott"),))


def test_plain_text_in_another_charset() -> None:
    document = interpret("text/plain; charset=ISO-8859-1", "Grüß Gott".encode("latin-1"), URL)
    assert document == Document((Say("Grüß Gott"),))


def test_plain_text_that_was_meant_as_twiml_says_so() -> None:
    document = interpret("text/plain", b"<Response><Say>a & b</Say></Response>", URL)
    assert isinstance(document.verbs[0], Say)
    assert [problem.code for problem in document.warnings] == [12100]
    assert "spoken as text" in document.warnings[0].message


def test_over_long_plain_text_is_cut() -> None:
    document = interpret("text/plain", b"word " * 2000, URL)
    (verb,) = document.verbs
    assert isinstance(verb, Say)
    assert len(verb.text) <= 4096
    assert [problem.code for problem in document.warnings] == [13521]


@pytest.mark.parametrize(
    "content_type",
    [None, "", " ", "application/json", "text/css", "image/png", "audio/flac", "x", ";", "\x00"],
)
def test_other_types_are_12300(content_type: str | None) -> None:
    assert fatal(content_type, HANGUP) == 12300


@pytest.mark.parametrize("content_type", ["text/xml", "text/html", "text/plain"])
def test_empty_and_too_large(content_type: str) -> None:
    assert fatal(content_type, b"") == 11770
    assert fatal(content_type, b" \r\n") == 11770
    assert fatal(content_type, b"x" * 65537) == 11750


def test_the_headers_charset_counts() -> None:
    body = "<Response><Say>é</Say></Response>".encode("latin-1")
    assert interpret("text/xml; charset=iso-8859-1", body, URL) == Document((Say("é"),))
    assert fatal("text/xml", body) == 12100


def test_fact_26_whitespace_before_the_declaration_is_fatal_when_fetched() -> None:
    assert fatal("text/xml", b"\n" + HANGUP) == 12100


def test_an_html_error_page_is_fatal() -> None:
    assert fatal("text/html", b"<html><body><p>502 Bad Gateway</body></html>") == 12100
    assert fatal("text/html", b"<html><body/></html>") == 12102
