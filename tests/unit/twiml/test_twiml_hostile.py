"""Documents that attack the parser: each ends in a clear error, none is expanded or fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from twiml import Hangup, Say, TwimlError, parse

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def fatal(body: bytes | str) -> TwimlError:
    with pytest.raises(TwimlError) as caught:
        parse(body)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><Response><Say>&l9;</Say></Response>',
        f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><Response><Say voice="&l9;">x</Say></Response>',
        f'<!DOCTYPE r [<!ENTITY a "{"a" * 30000}">]><Response a="{"&a;" * 9000}"/>',
        '<!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]><Response a="&a;"/>',
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x">%p;]><Response/>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><Response/>',
        '<!DOCTYPE r PUBLIC "-//x" "http://127.0.0.1:1/x.dtd"><Response/>',
        "<!DOCTYPE Response><Response/>",
        '<!DOCTYPE Response [<!ATTLIST Say voice CDATA "evil">]><Response><Say>x</Say></Response>',
    ],
)
def test_bombs_and_doctypes_are_refused(body: str) -> None:
    assert fatal(body).code == 12100


def test_external_entities_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the-secret")
    error = fatal(
        f'<!DOCTYPE r [<!ENTITY f SYSTEM "{secret.as_uri()}">]><Response><Say>&f;</Say></Response>'
    )
    assert error.code == 12100
    assert "the-secret" not in str(error)


def test_xinclude_is_just_an_unknown_verb() -> None:
    document = parse(
        '<Response xmlns:xi="http://www.w3.org/2001/XInclude">'
        '<xi:include href="file:///etc/passwd" parse="text"/><Hangup/></Response>'
    )
    assert document.verbs == (Hangup(),)
    assert [problem.code for problem in document.warnings] == [12200]


@pytest.mark.parametrize(
    "body",
    [
        b"<Response>" + b"<Say>x</Say>" * 1_000_000 + b"</Response>",
        b"<a>" * 3_500_000,
        b"x" * 10_000_000,
        "é" * 10_000_000,
    ],
)
def test_ten_megabytes_are_not_even_parsed(body: bytes | str) -> None:
    assert fatal(body).code == 11750


def test_deep_nesting() -> None:
    for depth in (40, 200, 5000):
        assert fatal("<Response>" + "<a>" * depth + "</a>" * depth + "</Response>").code == 12100
    nested = "<s>" * 30 + "deep" + "</s>" * 30
    (verb,) = parse(f"<Response><Say>{nested}</Say></Response>").verbs
    assert isinstance(verb, Say)
    assert verb.text == "deep"


def test_warnings_are_bounded() -> None:
    document = parse("<Response>" + "<Sayy/>" * 9000 + "<Hangup/></Response>")
    assert document.verbs == (Hangup(),)
    assert len(document.warnings) == 51
    assert document.warnings[-1].message == "more problems follow"


def test_foreign_text_in_messages_is_cut_and_on_one_line() -> None:
    name = "A" * 5000
    document = parse(f"<Response><{name} {name}='1'/><Say loop='{name}&#10;x'>x</Say></Response>")
    for problem in document.warnings:
        assert len(problem.message) < 200
        assert "\n" not in problem.message
    assert len(fatal(f"<{name}/>").message) < 200
    assert len(fatal(f"<Response><{name}></B></Response>").message) < 300
