"""Whatever comes in: a document or a TwimlError, and what comes out is bounded."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from twiml import Dial, Document, Gather, Say, TwimlError, Verb, interpret, parse, stream_url
from twiml.registry import UNSUPPORTED, VERBS
from twiml.schema import MAX_WARNINGS
from twiml.values import MAX_LOOP

# Whatever the reference lists, in whatever place: names and attributes that mean something.
SPECS = [spec for verb in VERBS.values() for spec in (verb, *(verb.children or ()))]
KNOWN_NAMES = sorted({spec.name for spec in SPECS} | set(UNSUPPORTED))
OTHER_NAMES = "Response Parameter Header Headers Uri Identity Task Foo say speak break sub say-as p"
NAMES = st.sampled_from([*KNOWN_NAMES, *OTHER_NAMES.split()])
KNOWN = sorted({attribute.name for spec in SPECS for attribute in spec.attributes})
OTHERS = "time alias interpret-as xml:lang Loop foo name value priority"
ATTRIBUTES = st.sampled_from([*KNOWN, *OTHERS.split()])
WORDS = "true false 0 1 5 250 86400 999999999 auto dtmf speech # 12*# GET post both completed start"
VALUES = st.sampled_from(WORDS.split()) | st.text(max_size=12).map(
    lambda text: "".join(c for c in text if c.isprintable() and c not in "<&\"'")
)

Pieces = st.SearchStrategy[str]


def element(children: Pieces) -> Pieces:
    attributes = st.dictionaries(ATTRIBUTES, VALUES, max_size=3).map(
        lambda found: "".join(f' {name}="{value}"' for name, value in found.items())
    )
    inside = st.lists(children, max_size=5).map("".join)
    return st.builds(lambda n, a, i: f"<{n}{a}>{i}</{n}>", NAMES, attributes, inside)


TREES = st.recursive(VALUES | st.just("<!-- c -->"), element, max_leaves=25)
DOCUMENTS = st.lists(TREES, max_size=6).map(lambda found: f"<Response>{''.join(found)}</Response>")
# Pieces of XML in any order: mostly broken, and near enough to get deep into the parser.
TAGS = r"""<Response> </Response> <Say> </Say> <Play > /> loop=" " & &amp; &#x1F600; é x"""
OPENERS = """<!DOCTYPE·r·[ <!ENTITY·a·'b'> ]> <![CDATA[ ]]> <!-- --> <?xml·version='1.0'?>"""
SHARDS = st.lists(
    st.sampled_from(
        [*(piece.replace("·", " ") for piece in f"{TAGS} {OPENERS}".split()), " ", "\0"]
    ),
    max_size=30,
).map("".join)
TYPES = (
    st.sampled_from(
        ["text/xml", "text/html; charset=latin1", "text/plain", "text/plain; charset=cp1252"]
    )
    | st.text()
)


def outcome(run: Callable[[], Document]) -> Document | TwimlError:
    try:
        return run()
    except TwimlError as error:
        return error


def address(raw: str, keep_query: bool, base: str | None) -> str | int:
    try:
        return stream_url(raw, keep_query, base=base)
    except TwimlError as error:
        return error.code


def check(document: Document | TwimlError) -> None:
    if isinstance(document, TwimlError):
        assert 10000 < document.code < 40000
        assert len(document.message) < 400
        return
    assert len(document.warnings) <= MAX_WARNINGS + 2
    for problem in document.warnings:
        assert len(problem.message) < 400
        assert "\n" not in problem.message
    for verb in document.verbs:
        assert isinstance(verb, Verb)
        assert 1 <= getattr(verb, "loop", 1) <= MAX_LOOP
        assert 1 <= getattr(verb, "length", 1) <= 86400
        assert getattr(verb, "method", "GET") in ("GET", "POST")
        if isinstance(verb, Say):
            assert len(verb.text) <= 4096
        if isinstance(verb, Gather):
            assert 1 <= verb.timeout <= 86400
            assert len(verb.finish_on_key) <= 1
        if isinstance(verb, Dial):
            assert len(verb.nouns) <= 10


@given(st.binary() | SHARDS.map(str.encode), st.booleans())
@example(b"\xff\xfe", True)
@example(b"<?xml version='1.0' encoding='utf-7'?><Response/>", False)
def test_any_bytes(body: bytes, trim: bool) -> None:
    check(outcome(lambda: parse(body, trim=trim)))


@given(st.text() | SHARDS, st.booleans())
def test_any_text(body: str, trim: bool) -> None:
    check(outcome(lambda: parse(body, trim=trim)))


@given(st.none() | TYPES, st.binary() | SHARDS.map(str.encode) | DOCUMENTS.map(str.encode))
def test_any_response(content_type: str | None, body: bytes) -> None:
    check(outcome(lambda: interpret(content_type, body, "https://app.example/")))


@given(DOCUMENTS)
def test_fact_25_any_well_formed_response_is_a_document(body: str) -> None:
    document = parse(body)
    check(document)
    # Bytes and text are read alike, and reading has no memory.
    assert parse(body.encode()) == document


@given(DOCUMENTS)
def test_marked_up_speech_is_well_formed_itself(body: str) -> None:
    for verb in parse(body).verbs:
        if isinstance(verb, Say) and verb.ssml is not None:
            (again,) = parse(f"<Response><Say>{verb.ssml}</Say></Response>").verbs
            assert isinstance(again, Say)
            assert again.text == verb.text
            assert again.ssml == verb.ssml


@given(
    st.text() | st.builds("ws{}://{}".format, st.sampled_from(["", "s"]), st.text()),
    st.booleans(),
    st.none() | st.just("https://app.example/x"),
)
def test_fact_14_any_stream_address(raw: str, keep_query: bool, base: str | None) -> None:
    url = address(raw, keep_query, base)
    if isinstance(url, int):
        assert url in (31922, 31923)
        return
    assert url.startswith(("ws://", "wss://"))
    assert url.isascii()
    assert not any(c.isspace() for c in url)
    assert "#" not in url
    assert keep_query or "?" not in url
    assert stream_url(url, keep_query) == url
