"""Markup: what is kept of it, what each engine is given, and that nothing hostile gets through."""

# ruff: noqa: RUF001 (phonetic letters)

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ari_app.speech import espeak_markup, polly_markup
from ari_app.speech.engine import Utterance
from ari_app.speech.phonemes import mnemonics
from ari_app.speech.plain import pieces, plain_parts
from ari_app.speech.sayas import in_words
from ari_app.speech.ssml import MAX_BREAKS, Markup, read, split
from ari_app.speech.voices import resolve

TAGS = """
    break emphasis lang p phoneme prosody s say-as
    sub w audio mark voice speak metadata xi:include
"""
NAMES = """
    time strength level xml:lang alphabet ph volume rate
    pitch interpret-as format alias role src
"""
VALUES = """
    1s 500ms 99999999s -5s strong none fr-FR ../../etc
    ipa x-sampa +6dB -900dB 50% +10% 999999% x-high
    digits date mdy '&quot; [[a]] &lt;audio&gt; amazon:VB
"""


def marked(inner: str) -> Markup:
    return read(f"<speak>{inner}</speak>")[0]


def espeak(inner: str, language: str = "en-US") -> str:
    known = {"fr-FR": "fr-fr+m3", "de-DE": "de+m3"}
    return espeak_markup.write(marked(inner), language, lambda tag: known.get(tag, ""))


def plain(inner: str, language: str = "en-US") -> tuple[object, ...]:
    return plain_parts(Utterance(resolve("man", language)[0], "", marked(inner)), 100)


@pytest.mark.parametrize(
    ("inner", "warned"),
    [
        ("<break time='1s'/><break strength='x-strong'/><break/>", []),
        ("<break time='soon'/>", ["time"]),
        ("<break time='1h' strength='huge'/>", ["time", "strength"]),
        ("<emphasis level='strong'>a</emphasis>", []),
        ("<emphasis level='shout'>a</emphasis>", ["level"]),
        ("<prosody rate='120%' pitch='+5%' volume='-6dB'>a</prosody>", []),
        ("<prosody rate='quickly' pitch='5' volume='11'>a</prosody>", ["rate", "pitch", "volume"]),
        ("<say-as interpret-as='date' format='mdy'>1/2/26</say-as>", []),
        ("<say-as interpret-as='poem'>a</say-as>", ["interpret-as"]),
        ("<lang xml:lang='fr-FR'>a</lang>", []),
        ("<lang xml:lang='français'>a</lang>", ["xml:lang"]),
        ("<phoneme alphabet='ipa' ph='həˈloʊ'>a</phoneme>", []),
        ("<phoneme alphabet='runes' ph='a'>a</phoneme>", ["alphabet"]),
        ("<w role='amazon:VB'>a</w><sub alias='b'>a</sub><p><s>a</s></p>", []),
    ],
)
def test_a_value_that_is_none_is_told_and_ignored(inner: str, warned: list[str]) -> None:
    _, warnings = read(f"<speak>{inner}</speak>")
    assert [code for code, _ in warnings] == [12200] * len(warned)
    assert all(name in text for name, (_, text) in zip(warned, warnings, strict=True))


def test_breaks_cut_the_text_and_add_up() -> None:
    markup = marked(
        "<break time='1s'/>a <prosody rate='slow'>b<break time='500ms'/><break time='250ms'/>c"
        "</prosody><break strength='none'/>d<break time='60s'/>"
    )
    silences = [piece for piece in split(markup) if isinstance(piece, float)]
    assert silences == [1.0, 0.75, 10.0]
    assert [
        p if isinstance(p, float) else espeak_markup.write(p, "en", str) for p in split(markup)
    ] == [
        1.0,
        '<speak>a <prosody rate="slow">b</prosody> </speak>',
        0.75,
        '<speak><prosody rate="slow">c</prosody> </speak>',
        "<speak>d </speak>",
        10.0,
    ]


def test_breaks_without_number_are_bounded() -> None:
    pieces = split(marked("<break/>a" * 1000))
    assert sum(isinstance(piece, float) for piece in pieces) == MAX_BREAKS


@pytest.mark.parametrize(
    ("inner", "written"),
    [
        ("a &amp; &lt;b&gt;", "a &amp; &lt;b&gt;"),
        ("[[h@loU]] <emphasis>x[</emphasis>[y]]", None),
        ("<emphasis>a</emphasis>", '<emphasis level="moderate">a</emphasis>'),
        ("<prosody rate='+20%'>a</prosody>", '<prosody rate="120%">a</prosody>'),
        ("<prosody rate='1%'>a</prosody>", '<prosody rate="20%">a</prosody>'),
        ("<prosody volume='-6dB'>a</prosody>", '<prosody volume="50">a</prosody>'),
        ("<prosody volume='default'>a</prosody>", "a"),
        ("<prosody pitch='-10%'>a</prosody>", '<prosody pitch="-10%">a</prosody>'),
        ("<lang xml:lang='fr-FR'>a</lang>", '<voice name="fr-fr+m3">a</voice>'),
        ("<lang xml:lang='tlh'>a</lang>", "a"),
        ("<sub alias='b &lt; c'>a</sub>", "b &lt; c"),
        ("<say-as interpret-as='digits'>123</say-as>", "1 2 3"),
        (
            "<say-as interpret-as='spell-out'>abc</say-as>",
            '<say-as interpret-as="characters">abc</say-as>',
        ),
        ("<phoneme alphabet='ipa' ph='pɪˈkɑːn'>pecan</phoneme>", " [[pI'kA:n]] "),
        ("<phoneme alphabet='x-sampa' ph='pI&quot;kA:n'>pecan</phoneme>", " [[pI'kA:n]] "),
        ("<phoneme alphabet='ipa' ph='ǃkung'>x</phoneme>", "x"),
        ("<w role='amazon:VB'>read</w>", "read"),
        ("<audio src='/etc/passwd'>a</audio><mark name='m'/>", "a"),
        ("<p><s>a</s></p>", "<p><s>a</s></p>"),
    ],
)
def test_what_espeak_is_given(inner: str, written: str | None) -> None:
    if written is None:
        assert "[[" not in espeak(inner)
        assert "]]" not in espeak(inner)
    else:
        assert espeak(inner) == f"<speak>{written} </speak>"


@pytest.mark.parametrize(
    ("engine", "written"),
    [
        (
            "standard",
            '<emphasis level="strong">a</emphasis><prosody rate="slow" pitch="high">b</prosody>',
        ),
        ("neural", 'a<prosody rate="slow">b</prosody>'),
        ("generative", 'a<prosody rate="slow">b</prosody>'),
    ],
)
def test_what_polly_is_given_leaves_out_what_its_engine_refuses(engine: str, written: str) -> None:
    markup = marked(
        "<emphasis level='strong'>a</emphasis><prosody rate='slow' pitch='high'>b</prosody>"
        "<break time='1.5s'/><say-as>1</say-as><prosody>c</prosody>&amp;"
    )
    assert polly_markup.write(markup, engine) == (
        f'<speak>{written}<break time="1500ms"/>1c&amp;</speak>'
    )


def test_engines_without_markup_are_given_words_and_silence() -> None:
    assert plain("Your code: <say-as interpret-as='digits'>42</say-as><break time='1s'/>Bye") == (
        "Your code: 4 2",
        1.0,
        "Bye",
    )
    assert plain("<s>One</s><s>Two!</s> <sub alias='Three'>3</sub>") == ("One. Two! Three",)


@pytest.mark.parametrize(
    ("text", "kind", "form", "said"),
    [
        ("1234", "digits", "", "1 2 3 4"),
        ("+1 (555) 010", "telephone", "", "+ 1, 5 5 5, 0 1 0"),
        ("ab 1", "spell-out", "", "A B 1"),
        ("21", "ordinal", "", "21st"),
        ("112", "ordinal", "", "112th"),
        ("3/4", "fraction", "", "3 quarters"),
        ("2 1/2", "fraction", "", "2 and 1 half"),
        ("2/3", "fraction", "", "2 3rds"),
        ("12/31/1999", "date", "mdy", "December 31st, 19 99"),
        ("31.12.2026", "date", "dmy", "December 31st, 2026"),
        ("20261123", "date", "", "November 23rd, 2026"),
        ("????0704", "date", "", "July 4th"),
        ("99/99/2026", "date", "mdy", "99/99/2026"),
        ("nonsense", "date", "mdy", "nonsense"),
        ("1'21\"", "time", "", "1 minute 21 seconds"),
        ("2:30pm", "time", "", "2:30pm"),
        ("damn", "expletive", "", ""),
        ("5kg", "unit", "", "5kg"),
    ],
)
def test_say_as_in_words(text: str, kind: str, form: str, said: str) -> None:
    assert in_words(text, kind, form, "en-US") == said


def test_say_as_of_other_languages_stays_as_written() -> None:
    assert in_words("3", "ordinal", "", "de-DE") == "3"
    assert in_words("12", "digits", "", "de-DE") == "1 2"


def test_long_text_is_cut_at_sentences_then_at_words() -> None:
    text = "One two three. Four five six seven. " * 10 + "x" * 90
    found = list(pieces(text, 40))
    assert " ".join(found).replace(" ", "") == text.replace(" ", "")
    assert max(map(len, found)) <= 40
    assert found[0] == "One two three. Four five six seven."


@given(st.text(max_size=40), st.sampled_from(["ipa", "x-sampa", "x-amazon-pinyin", ""]))
def test_mnemonics_hold_nothing_of_the_callers(spelling: str, alphabet: str) -> None:
    assert not set(mnemonics(spelling, alphabet)) & set("[]<>&/\\\0")


def attribute() -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(NAMES.split()), st.sampled_from(VALUES.split())).map(
        lambda pair: f' {pair[0]}="{pair[1]}"'
    )


def element(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(
        st.sampled_from(TAGS.split()),
        st.lists(attribute(), max_size=2, unique_by=lambda one: one.split("=")[0]),
        st.lists(inside, max_size=3),
    ).map(lambda parts: f"<{parts[0]}{''.join(parts[1])}>{''.join(parts[2])}</{parts[0]}>")


TEXTS = st.sampled_from(["one", " ", "[[", "]]", "&lt;b&gt;", "&amp;lt;", "é你", "\x01", "'\""])
MARKUP = st.recursive(TEXTS, element, max_leaves=12)


@given(st.one_of(MARKUP, st.text(max_size=60)))
def test_any_markup_comes_out_as_known_tags_only(inner: str) -> None:
    markup, _ = read(f"<speak>{inner}</speak>")
    for written in (
        espeak_markup.write(markup, "en-US", str),
        polly_markup.write(markup, "neural"),
    ):
        tree = etree.fromstring(written)
        found = {str(node.tag) for node in tree.iter()}
        assert found <= set(TAGS.split()) - {"audio", "mark", "metadata"}
    assert isinstance(plain(inner), tuple)


def test_no_entity_is_read_from_anywhere() -> None:
    text = '<!DOCTYPE s [<!ENTITY e SYSTEM "file:///etc/passwd">]><speak>a &e; b</speak>'
    markup, _ = read(text)
    assert "root" not in "".join(node for node in markup if isinstance(node, str))


def test_depth_is_bounded() -> None:
    markup = marked("<s>" * 200 + "deep" + "</s>" * 200)
    assert espeak_markup.write(markup, "en", str).count("<s>") == 16
    assert "deep" in espeak_markup.write(markup, "en", str)


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng not installed")
@settings(max_examples=25, deadline=None)
@given(MARKUP)
def test_espeak_speaks_whatever_it_is_given(inner: str) -> None:
    """It does not crash, and reads no tag aloud ("slash", "speak")."""
    written = espeak(inner)
    done = subprocess.run(
        ["espeak-ng", "-m", "-x", "-q", "--stdin", "-v", "en-us"],
        input=written.encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, written
    assert b"sp'i:k" not in done.stdout, written
