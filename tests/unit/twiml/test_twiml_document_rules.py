"""Twilio, TwiML for Programmable Voice: what a document is, and what is wrong with one."""

from __future__ import annotations

import pytest

from twiml import (
    Connect,
    Document,
    Hangup,
    Pause,
    Play,
    Problem,
    Redirect,
    Reject,
    Say,
    Stream,
    TwimlError,
    Unsupported,
    check_parameter,
    parse,
)

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def codes(document: Document) -> list[int]:
    return [problem.code for problem in document.warnings]


def fatal(body: bytes | str, *, trim: bool = False) -> TwimlError:
    with pytest.raises(TwimlError) as caught:
        parse(body, trim=trim)
    return caught.value


def test_the_seeds_document() -> None:
    document = parse(
        b"""<?xml version="1.0" encoding="UTF-8"?>
    <Response>
      <Connect>
        <Stream url="ws://testing:3001" />
      </Connect>
      <Play>http://testing:8000/scenarios/files/tone.wav</Play>
    </Response>"""
    )
    assert document.verbs == (
        Connect(Stream("ws://testing:3001")),
        Play("http://testing:8000/scenarios/files/tone.wav"),
    )
    assert document.warnings == ()
    assert [verb.line for verb in document.verbs] == [3, 6]


def test_verbs_keep_their_order_and_defaults() -> None:
    document = parse(
        "<Response><Pause/><Say>hi</Say><Play>a.mp3</Play><Redirect>/next</Redirect>"
        "<Reject/><Hangup/></Response>"
    )
    assert document == Document(
        (
            Pause(1),
            Say("hi", "man", None, 1),
            Play("a.mp3", None, 1),
            Redirect("/next", "POST"),
            Reject("rejected"),
            Hangup(),
        )
    )


@pytest.mark.parametrize(
    "body", ["<Response/>", "<Response></Response>", "<Response> \n</Response>"]
)
def test_an_empty_response_is_valid(body: str) -> None:
    assert parse(body) == Document(())


def test_fact_25_misspelt_verbs_and_attributes_are_warnings() -> None:
    document = parse(
        "<Response>\n<say>no</say>\n<Says>no</Says>\n<Say Voice='man' lop='2'>yes</Say>\n"
        "<Frobnicate/>\n</Response>"
    )
    assert document.verbs == (Say("yes"),)
    assert codes(document) == [12200] * 5
    assert [problem.line for problem in document.warnings] == [2, 3, 4, 4, 5]
    messages = [problem.message for problem in document.warnings]
    assert "did you mean Say?" in messages[0]
    assert "did you mean Say?" in messages[1]
    assert "did you mean voice?" in messages[2]
    assert "did you mean loop?" in messages[3]
    assert "did you mean" not in messages[4]


@pytest.mark.parametrize(
    "body",
    [
        "<Response><Say>fish & chips</Say></Response>",
        "<Response><Say>1 < 2</Say></Response>",
        "<Response><Say>hi</Response>",
        "<Response>",
        "<Response/><Response/>",
        "<Response/>trailing",
        "hello",
        "<Response><Say>&nbsp;</Say></Response>",
        "<Response><Say loop='1' loop='2'>x</Say></Response>",
        "<Response><a:Say>x</a:Say></Response>",
        "<Response><Say>&#0;</Say></Response>",
        b"<Response><Say>caf\xe9</Say></Response>",
        b"<Response>\x00</Response>",
        "<Response>\ud800</Response>",
    ],
)
def test_fact_25_malformed_xml_is_fatal(body: bytes | str) -> None:
    assert fatal(body).code == 12100


def test_malformed_xml_says_where_and_what_to_do() -> None:
    error = fatal("<Response>\n<Play>http://x/?a=1&b=2</Play></Response>")
    assert error.line == 2
    assert "&amp;" in error.message
    page = fatal("<!DOCTYPE html>\n<html><br></html>")
    assert "HTML page" in page.message


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\r\n  "])
def test_fact_26_whitespace_before_the_declaration(space: str) -> None:
    body = f"{space}{DECLARATION}<Response><Hangup/></Response>\n"
    error = fatal(body.encode())
    assert error.code == 12100
    assert "before <?xml" in error.message
    assert parse(body, trim=True).verbs == (Hangup(),)
    assert parse(body.encode(), trim=True).verbs == (Hangup(),)


def test_whitespace_before_the_root_is_harmless_without_a_declaration() -> None:
    assert parse("\n  <Response><Hangup/></Response>").verbs == (Hangup(),)


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_another_xml_version(version: str) -> None:
    assert fatal(f'<?xml version="{version}"?><Response/>').code == 12101


@pytest.mark.parametrize("root", ["response", "RESPONSE", "Say", "html", "TwilioResponse"])
def test_another_root(root: str) -> None:
    error = fatal(f"<{root}/>")
    assert error.code == 12102
    assert f"<{root}>" in error.message


@pytest.mark.parametrize("body", ["", b"", " \r\n ", b"\n"])
def test_an_empty_body(body: bytes | str) -> None:
    assert fatal(body).code == 11770


def test_64_kilobytes_are_the_limit() -> None:
    def body(size: int) -> bytes:
        frame = b"<Response><!----></Response>"
        return frame.replace(b"!--", b"!--" + b"x" * (size - len(frame)))

    assert parse(body(65536)) == Document(())
    assert fatal(body(65537)).code == 11750
    assert fatal("<Response><Say>" + "é" * 33000 + "</Say></Response>").code == 11750


def test_the_rest_parameter_has_4000_characters() -> None:
    check_parameter("é" * 4000)
    with pytest.raises(TwimlError) as caught:
        check_parameter("é" * 4001)
    assert caught.value.code == 32018


def test_comments_instructions_and_cdata() -> None:
    document = parse(
        "<?xml version='1.0'?><!-- a --><Response><?php x?><!-- b -->"
        "<Say>a<!-- c -->b<![CDATA[ <c> & ]]></Say></Response><!-- d -->"
    )
    assert document == Document((Say("ab <c> &"),))


def test_loose_text_between_verbs_is_ignored_with_a_warning() -> None:
    document = parse("<Response>hello <Hangup/> there</Response>")
    assert document.verbs == (Hangup(),)
    assert document.warnings == (Problem(12200, "text 'hello there' between verbs is ignored", 1),)


def test_a_namespace_on_the_response_changes_nothing() -> None:
    document = parse(
        '<Response xmlns="http://example.com/twiml" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="twiml.xsd"><Say loop="2">hi</Say></Response>'
    )
    assert document == Document((Say("hi", loop=2),))


def test_encodings_xml_declares_itself() -> None:
    latin = "<?xml version='1.0' encoding='ISO-8859-1'?><Response><Say>é</Say></Response>"
    assert parse(latin.encode("latin-1")).verbs == (Say("é"),)
    wide = "<?xml version='1.0' encoding='UTF-16'?><Response><Say>é</Say></Response>"
    assert parse(wide.encode("utf-16")).verbs == (Say("é"),)
    assert parse(b"\xef\xbb\xbf" + DECLARATION.encode() + b"<Response/>") == Document(())


def test_text_that_is_decoded_already_ignores_its_declaration() -> None:
    latin = "<?xml version='1.0' encoding='ISO-8859-1'?><Response><Say>é</Say></Response>"
    assert parse(latin).verbs == (Say("é"),)


@pytest.mark.parametrize("name", ["Pay", "Prompt", "Sms", "Queue"])
def test_verbs_not_available_say_what_to_use_instead(name: str) -> None:
    document = parse(f"<Response>\n<{name} any='x'><Thing/>text</{name}><Hangup/></Response>")
    unsupported, hangup = document.verbs
    assert isinstance(unsupported, Unsupported)
    assert unsupported.name == name
    assert unsupported.line == 2
    assert unsupported.message
    assert "\n" not in unsupported.message
    assert hangup == Hangup()
    assert document.warnings == ()


def test_a_noun_in_the_wrong_place_says_where_it_belongs() -> None:
    document = parse("<Response><Stream url='wss://x'/><Number>1</Number></Response>")
    assert document.verbs == ()
    assert codes(document) == [12200, 12200]
    assert "belongs inside <Connect>" in document.warnings[0].message
    assert "belongs inside <Dial>" in document.warnings[1].message
