"""Twilio's pages of <Connect>, <Stream> and <Parameter>."""

from __future__ import annotations

import pytest

from twiml import Connect, Document, Stream, TwimlError, Unsupported, parse, stream_url


def connect(inner: str, attributes: str = "") -> tuple[Connect, list[int]]:
    document = parse(f"<Response><Connect {attributes}>{inner}</Connect></Response>")
    (verb,) = document.verbs
    assert isinstance(verb, Connect)
    return verb, [problem.code for problem in document.warnings]


def stream(attributes: str, inner: str = "") -> tuple[Stream, list[int]]:
    verb, warnings = connect(f"<Stream {attributes}>{inner}</Stream>")
    return verb.stream, warnings


def refused(target: Stream) -> int:
    with pytest.raises(TwimlError) as caught:
        target.target("https://app.example/twiml")
    return caught.value.code


def test_every_attribute() -> None:
    verb, warnings = connect(
        "<Stream url=' wss://bot.example/ws ' name='n' track='inbound_track' "
        "statusCallback='https://x/s' statusCallbackMethod='GET' connectorName='c' "
        "audioFormat='audio/x-l16' sampleRate='16000'/>",
        "action='/after' method='GET'",
    )
    assert verb == Connect(
        Stream("wss://bot.example/ws", "n", "inbound_track", "https://x/s", "GET", "c", {}),
        "/after",
        "GET",
    )
    assert warnings == []


def test_defaults() -> None:
    verb, warnings = connect("<Stream url='wss://x'/>")
    assert verb == Connect(Stream("wss://x", None, "inbound_track", None, "POST", None, {}))
    assert (verb.action, verb.method) == (None, "POST")
    assert warnings == []


def test_bad_methods_become_post() -> None:
    verb, warnings = connect(
        "<Stream url='wss://x' statusCallbackMethod='PUT'/>", "method='DELETE'"
    )
    assert (verb.method, verb.stream.status_callback_method) == ("POST", "POST")
    assert warnings == [12200, 12200]


def test_fact_14_the_query_does_not_reach_the_app() -> None:
    raw = "wss://bot.example:8443/path/a?token=1&x=2#frag"
    assert stream_url(raw) == "wss://bot.example:8443/path/a"
    assert stream_url(raw, keep_query=True) == "wss://bot.example:8443/path/a?token=1&x=2"
    written, _ = stream("url='wss://bot.example/?a=1&amp;b=2'")
    assert written.url == "wss://bot.example/?a=1&b=2"
    assert written.target() == "wss://bot.example/"
    assert written.target(keep_query=True) == "wss://bot.example/?a=1&b=2"


def test_fact_15_parameters() -> None:
    found, warnings = stream(
        "url='wss://x'",
        "<Parameter name='FirstName' value='Jane &amp; &lt;Co&gt;'/>"
        "<Parameter name='n' value='1'/><Parameter name='n' value='2'/>"
        "<Parameter name='empty' value=''/>",
    )
    assert found.parameters == {"FirstName": "Jane & <Co>", "n": "2", "empty": ""}
    assert warnings == []


def test_fact_15_no_parameters_are_an_empty_object() -> None:
    assert stream("url='wss://x'")[0].parameters == {}


def test_parameters_up_to_500_characters() -> None:
    fits, warnings = stream("url='wss://x'", f"<Parameter name='n' value='{'&amp;' * 499}'/>")
    assert fits.parameters == {"n": "&" * 499}
    assert warnings == []
    over, warnings = stream("url='wss://x'", f"<Parameter name='n' value='{'v' * 500}'/>")
    assert over.parameters == {}
    assert warnings == [12200]


def test_parameters_that_lack_something() -> None:
    found, warnings = stream(
        "url='wss://x'", "<Parameter value='v'/><Parameter name='n'/><parameter name='x'/>"
    )
    assert found.parameters == {"n": ""}
    assert warnings == [12200, 12200, 12200]


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("wss://host", "wss://host/"),
        ("WSS://Host/Path", "wss://host/Path"),
        ("ws://testing:3001", "ws://testing:3001/"),
        ("wss://u:p@host/x", "wss://u:p@host/x"),
        ("ws://[::1]:90/x", "ws://[::1]:90/x"),
        ("wss://bücher.example/ä", "wss://xn--bcher-kva.example/%C3%A4"),
        ("wss://host/a%20b", "wss://host/a%20b"),
        ("wss://my_bot/x", "wss://my_bot/x"),
    ],
)
def test_addresses_that_are_taken(raw: str, url: str) -> None:
    assert stream_url(raw) == url


@pytest.mark.parametrize("raw", ["http://x/ws", "https://x/ws", "ftp://x", "sip:a@b", "file:///x"])
def test_other_schemes_are_31922(raw: str) -> None:
    assert refused(Stream(raw)) == 31922


def test_plain_ws_is_the_callers_choice() -> None:
    assert stream_url("ws://x", allow_ws=True) == "ws://x/"
    with pytest.raises(TwimlError) as caught:
        stream_url("ws://x", allow_ws=False)
    assert caught.value.code == 31922


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "wss://",
        "wss:///path",
        "wss://host:99999/",
        "wss://host:0/",
        "wss://host:x/",
        "wss://[::1",
        "wss://a b/",
        "wss://a\nb/",
        "wss://host/<x>",
        "wss://ho!st/",
        "wss://" + "a" * 300,
        "wss://..",
    ],
)
def test_malformed_addresses_are_31923(raw: str) -> None:
    assert refused(Stream(raw)) == 31923


def test_relative_addresses_follow_the_document() -> None:
    assert stream_url("/ws", base="https://app.example:8443/a/b?c") == "wss://app.example:8443/ws"
    assert stream_url("ws", base="http://app.example/a/b") == "ws://app.example/a/ws"
    assert stream_url("//other.example/x", base="https://app.example/") == "wss://other.example/x"
    with pytest.raises(TwimlError) as caught:
        stream_url("/ws")
    assert caught.value.code == 31923


@pytest.mark.parametrize("track", ["outbound_track", "both_tracks", "inbound", ""])
def test_other_tracks_on_connect_are_31941(track: str) -> None:
    written, warnings = stream(f"url='wss://x' track='{track}'")
    assert warnings == []
    assert refused(written) == 31941


def test_a_connector_is_31940() -> None:
    written, _ = stream("connectorName='Acme'")
    assert refused(written) == 31940


def test_errors_at_run_time_name_the_line() -> None:
    document = parse("<Response>\n<Connect>\n<Stream url='http://x'/></Connect></Response>")
    (verb,) = document.verbs
    assert isinstance(verb, Connect)
    with pytest.raises(TwimlError) as caught:
        verb.stream.target()
    assert caught.value.line == 3


def test_nothing_to_connect_to() -> None:
    document = parse("<Response><Connect/><Connect><stream url='x'/></Connect></Response>")
    assert document.verbs == ()
    assert [problem.code for problem in document.warnings] == [12200, 12200, 12200]
    assert "did you mean Stream?" in document.warnings[1].message


def test_only_the_first_noun_counts() -> None:
    verb, warnings = connect("<Stream url='wss://a'/><Stream url='wss://b'/>")
    assert verb.stream.url == "wss://a"
    assert warnings == [12200]


@pytest.mark.parametrize(
    "noun",
    [
        "ConversationRelay",
        "VirtualAgent",
        "Conversation",
        "Room",
        "Autopilot",
        "AiSession",
        "ConversationRelaySession",
        "Assistant",
    ],
)
def test_other_nouns_are_not_available(noun: str) -> None:
    document = parse(f"<Response><Connect><{noun} url='x'><A/></{noun}></Connect></Response>")
    (verb,) = document.verbs
    assert isinstance(verb, Unsupported)
    assert verb.name == f"Connect/{noun}"
    assert verb.message
    assert document == Document((verb,))
