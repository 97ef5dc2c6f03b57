"""Twilio's page of <Say>: text, voice, language, loop, SSML."""

from __future__ import annotations

import pytest

from twiml import Document, Say, parse


def say(inner: str, attributes: str = "") -> tuple[Say, list[int]]:
    document = parse(f"<Response><Say {attributes}>{inner}</Say></Response>")
    (verb,) = document.verbs
    assert isinstance(verb, Say)
    return verb, [problem.code for problem in document.warnings]


def test_every_attribute() -> None:
    verb, warnings = say("hi", "voice='Polly.Marlene-Neural' language='de-DE' loop='0'")
    assert verb == Say("hi", "Polly.Marlene-Neural", "de-DE", 1000)
    assert warnings == []


def test_whitespace_in_the_text_is_collapsed() -> None:
    assert say("\n  Hello,\n\t  world &amp; all  \n")[0].text == "Hello, world & all"


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ("loop='-1'", 13510),
        ("loop='many'", 13510),
        ("voice=' '", 13511),
        ("language='german please'", 13512),
        ("language=''", 13512),
    ],
)
def test_illegal_values_fall_back_to_the_default(attributes: str, code: int) -> None:
    assert say("hi", attributes) == (Say("hi"), [code])


@pytest.mark.parametrize(
    ("written", "tag"),
    [("en", "en"), ("zh-Hans-CN", "zh-Hans-CN"), ("en_GB", "en-GB"), ("es-419", "es-419")],
)
def test_languages(written: str, tag: str) -> None:
    assert say("hi", f"language='{written}'") == (Say("hi", language=tag), [])


@pytest.mark.parametrize("inner", ["", "  \n", "<!-- nothing -->", "<b/>"])
def test_nothing_to_say_is_left_out(inner: str) -> None:
    document = parse(f"<Response><Say>{inner}</Say></Response>")
    assert document.verbs == ()
    assert document.warnings[-1].code == 13520


def test_over_long_text_is_cut_at_a_word() -> None:
    verb, warnings = say("<p>" + "words " * 1000 + "</p>")
    assert warnings == [13521]
    assert verb.ssml is None
    assert 4000 < len(verb.text) <= 4096
    assert verb.text.endswith("words")
    assert len(say("x" * 5000)[0].text) == 4096


def test_ssml_gives_words_and_markup() -> None:
    verb, warnings = say(
        "Hi<break time='500ms'/>you, <emphasis level='strong'>yes &amp; you</emphasis>."
        "<p>Bye</p><lang xml:lang='fr-FR'>salut</lang>"
    )
    assert verb.text == "Hi you, yes & you. Bye salut"
    assert verb.ssml == (
        '<speak>Hi<break time="500ms"/>you, <emphasis level="strong">yes &amp; you</emphasis>.'
        '<p>Bye</p><lang xml:lang="fr-FR">salut</lang></speak>'
    )
    assert warnings == []


def test_plain_text_has_no_markup() -> None:
    assert say("hi")[0].ssml is None


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("<sub alias='World Wide Web'>WWW</sub>", "World Wide Web"),
        ("<sub>WWW</sub>", "WWW"),
        ("<say-as interpret-as='digits'>1234</say-as>", "1 2 3 4"),
        ("<say-as interpret-as='spell-out'>ab c</say-as>", "a b c"),
        ("<say-as interpret-as='cardinal'>1234</say-as>", "1234"),
        ("well <say-as interpret-as='expletive'>darn</say-as> it", "well it"),
        ("<phoneme alphabet='ipa' ph='x'>pecan</phoneme>", "pecan"),
        ("<prosody rate='slow'><s>one</s><s>two</s></prosody>", "one two"),
        ("<w role='amazon:VB'>read</w>", "read"),
    ],
)
def test_ssml_as_plain_words(inner: str, text: str) -> None:
    verb, warnings = say(inner)
    assert verb.text == text
    assert warnings == []


def test_only_a_break_is_something_to_say() -> None:
    verb, warnings = say("<break strength='strong'/>")
    assert (verb.text, verb.ssml) == ("", '<speak><break strength="strong"/></speak>')
    assert warnings == []


def test_unknown_tags_lose_the_tag_not_the_words() -> None:
    verb, warnings = say("<speak>a <brake/> <b>b</b> <break tim='1s'/></speak>")
    assert verb.text == "a b"
    assert verb.ssml == "<speak>a  b <break/></speak>"
    assert warnings == [12200, 12200, 12200, 12200]


def test_a_misplaced_verb_is_not_read_out() -> None:
    verb, warnings = say("hi <Play>http://x/secret.mp3</Play>there")
    assert verb.text == "hi there"
    assert verb.ssml is None
    assert warnings == [12200]


def test_say_among_verbs() -> None:
    document = parse("<Response><Say>a</Say><Say>b</Say></Response>")
    assert document == Document((Say("a"), Say("b")))
