"""Attributes of Gather, Dial, Record, Enqueue, Start and their nouns, one by one.

An illegal value is told with the number Twilio has for it and the default stays.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from twiml import (
    Dial,
    DialClient,
    DialConference,
    DialNumber,
    DialQueue,
    DialSip,
    Echo,
    Enqueue,
    Gather,
    Leave,
    Pause,
    Play,
    Record,
    Recording,
    Refer,
    Say,
    Start,
    Stop,
    Stopped,
    Stream,
    Transcription,
    TwimlError,
    Unsupported,
    Verb,
    parse,
)

BOOLEANS = ([("true", True), ("false", False), ("TRUE", True)], ["yes", "1", "", "tru e"])
METHODS = ([("GET", "GET"), ("post", "POST")], ["PUT", "", "GET POST"])
NUMBERS = ["x", "", "-1", "1.5", "١", "9" * 5000]  # noqa: RUF001 - a digit, but not one of ours
EVENTS = (
    [("completed ringing", ("ringing", "completed")), ("initiated", ("initiated",))],
    ["", "x y"],
)
RECORDED = (
    [("absent in-progress", ("in-progress", "absent")), ("completed", ("completed",))],
    ["", "done"],
)
KEYS = "0123456789*#"

Case = tuple[str, str, list[tuple[str, Any]], list[str], int]


def case(where: str, name: str, both: tuple[list[tuple[str, Any]], list[str]], code: int) -> Case:
    return where, name, *both, code


CASES: list[Case] = [
    (
        "Gather",
        "input",
        [
            ("dtmf", ("dtmf",)),
            ("speech", ("speech",)),
            ("speech dtmf", ("dtmf", "speech")),
            (" dtmf,speech ", ("dtmf", "speech")),
        ],
        ["", "keys", "DTMF"],
        13326,
    ),
    case("Gather", "method", METHODS, 13312),
    ("Gather", "timeout", [("1", 1), (" 60 ", 60)], ["0", *NUMBERS], 13313),
    ("Gather", "speechTimeout", [("auto", "auto"), ("3", 3)], ["Auto!", "0", ""], 13327),
    ("Gather", "maxSpeechTime", [("1", 1), ("60", 60)], ["0", "61", *NUMBERS], 13328),
    ("Gather", "finishOnKey", [(k, k) for k in KEYS] + [("", "")], ["12", "A", "none"], 13310),
    ("Gather", "numDigits", [("1", 1), ("20", 20)], ["0", *NUMBERS], 13314),
    ("Gather", "language", [("de-DE", "de-DE"), ("en_GB", "en-GB")], ["", "?"], 13331),
    ("Gather", "hints", [("a, b  c ,,", ("a", "b c")), ("", ())], [], 13330),
    case("Gather", "profanityFilter", BOOLEANS, 13333),
    case("Gather", "partialResultCallbackMethod", METHODS, 13329),
    case("Gather", "bargeIn", BOOLEANS, 13332),
    case("Gather", "actionOnEmptyResult", BOOLEANS, 13338),
    ("Gather", "speechModel", [("phone_call", "phone_call")], ["", "nova"], 13334),
    case("Record", "method", METHODS, 13610),
    ("Record", "timeout", [("0", 0), ("9", 9)], NUMBERS, 13611),
    ("Record", "finishOnKey", [("", ""), (KEYS, KEYS), ("#", "#")], ["A", "12x"], 13613),
    ("Record", "maxLength", [("1", 1), ("86400", 86400)], ["0", "86401", *NUMBERS], 13612),
    case("Record", "playBeep", BOOLEANS, 13616),
    case("Record", "transcribe", BOOLEANS, 13614),
    ("Record", "trim", [("do-not-trim", "do-not-trim")], ["", "no"], 13699),
    ("Record", "recordingTrack", [("both", "both")], ["", "all"], 13622),
    case("Record", "recordingStatusCallbackMethod", METHODS, 12200),
    case("Record", "recordingStatusCallbackEvent", RECORDED, 13621),
    case("Dial", "method", METHODS, 13210),
    ("Dial", "timeout", [("1", 1), ("600", 600)], ["0", "601", *NUMBERS], 13212),
    ("Dial", "timeLimit", [("1", 1), ("86400", 86400)], ["0", *NUMBERS], 13216),
    case("Dial", "hangupOnStar", BOOLEANS, 13213),
    ("Dial", "callerId", [(" +15550100 ", "+15550100")], ["", "x" * 256], 13214),
    (
        "Dial",
        "record",
        [
            ("true", "record-from-answer"),
            ("false", "do-not-record"),
            ("record-from-ringing-dual", "record-from-ringing-dual"),
        ],
        ["", "yes"],
        13217,
    ),
    ("Dial", "trim", [("trim-silence", "trim-silence")], ["", "x"], 13239),
    ("Dial", "recordingTrack", [("inbound", "inbound")], ["", "x"], 13622),
    case("Dial", "answerOnBridge", BOOLEANS, 13219),
    ("Dial", "ringTone", [("de", "de"), ("us-old", "us-old")], ["", "xx"], 13220),
    case("Dial", "sequential", BOOLEANS, 13218),
    case("Dial", "referMethod", METHODS, 12200),
    ("Dial/Number", "sendDigits", [("1wW#", "1wW#")], ["", "x"], 13222),
    case("Dial/Number", "method", METHODS, 13221),
    case("Dial/Number", "statusCallbackEvent", EVENTS, 12200),
    case("Dial/Sip", "method", METHODS, 13241),
    ("Dial/Sip", "username", [("joe", "joe")], ["", "x" * 257], 13249),
    case("Dial/Client", "statusCallbackMethod", METHODS, 12200),
    case("Dial/Conference", "muted", BOOLEANS, 13230),
    ("Dial/Conference", "beep", [("onEnter", "onEnter"), ("false", "false")], ["", "on"], 13235),
    case("Dial/Conference", "startConferenceOnEnter", BOOLEANS, 13232),
    case("Dial/Conference", "endConferenceOnExit", BOOLEANS, 13231),
    ("Dial/Conference", "participantLabel", [("a b", "a b")], ["", "a/b", "x" * 129], 16025),
    ("Dial/Conference", "waitUrl", [("", ""), (" /music ", "/music")], [], 13233),
    case("Dial/Conference", "waitMethod", METHODS, 13234),
    ("Dial/Conference", "maxParticipants", [("2", 2), ("250", 250)], ["1", "251", "x"], 12200),
    (
        "Dial/Conference",
        "record",
        [("record-from-start", "record-from-start"), ("true", "record-from-start")],
        ["", "record-from-answer"],
        13217,
    ),
    ("Dial/Conference", "coach", [("CA1", "CA1")], ["", "x" * 65], 13240),
    (
        "Dial/Conference",
        "statusCallbackEvent",
        [("join start", ("start", "join")), ("speaker", ("speaker",))],
        ["", "ringing"],
        12200,
    ),
    case("Dial/Queue", "method", METHODS, 14210),
    case("Enqueue", "method", METHODS, 14201),
    ("Enqueue", "maxQueueSize", [("1", 1), ("5000", 5000)], ["0", "5001", "x"], 14207),
    ("Enqueue", "waitUrl", [("", ""), ("/wait", "/wait")], [], 14202),
    case("Enqueue", "waitUrlMethod", METHODS, 14206),
    case("Refer", "method", METHODS, 12200),
    ("Start/Recording", "channels", [("mono", "mono")], ["", "x"], 12200),
    ("Start/Recording", "track", [("inbound", "inbound")], ["", "x"], 13622),
    case("Start/Recording", "recordingStatusCallbackEvent", RECORDED, 13621),
    ("Start/Transcription", "track", [("inbound_track", "inbound_track")], ["", "x"], 12200),
    ("Start/Transcription", "transcriptionEngine", [("Deepgram", "deepgram")], [], 32650),
    case("Start/Transcription", "partialResults", BOOLEANS, 12200),
]

INSIDE = {"Refer": "<Sip>sip:a@b</Sip>", "Enqueue": "support"}


def one(written: str) -> tuple[Any, list[int]]:
    """The one verb of a document, and the numbers of its warnings."""
    document = parse(f"<Response>{written}</Response>")
    (verb,) = document.verbs
    return verb, [problem.code for problem in document.warnings]


def read(where: str, attribute: str) -> tuple[Any, list[int]]:
    """Read the verb, or the one noun in it, with ``attribute``."""
    verb, _, noun = where.partition("/")
    if not noun:
        return one(f"<{verb} {attribute}>{INSIDE.get(verb, '')}</{verb}>")
    made, warnings = one(
        f"<{verb}><{noun} {attribute}>x</{noun}></{verb}>".replace(
            ">x</" if verb == "Start" else "\0", "></"
        )
    )
    return made.nouns[0], warnings


def field(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


@pytest.mark.parametrize(
    ("where", "name", "legal", "illegal", "code"),
    CASES,
    ids=[f"{case[0]}-{case[1]}" for case in CASES],
)
def test_attribute(
    where: str, name: str, legal: list[tuple[str, Any]], illegal: list[str], code: int
) -> None:
    default, warnings = read(where, "")
    assert warnings == []
    for written, meant in legal:
        made, warnings = read(where, f'{name}="{written}"')
        assert (getattr(made, field(name)), warnings) == (meant, [])
        if name == "transcribe":
            continue  # it shortens the recording too
        assert dataclasses.replace(made, **{field(name): getattr(default, field(name))}) == default
    for written in illegal:
        assert read(where, f'{name}="{written}"') == (default, [code]), written


def test_defaults() -> None:
    assert one("<Gather/>") == (Gather(), [])
    assert one("<Record/>") == (Record(), [])
    assert one("<Dial/>") == (Dial(), [])
    assert one("<Dial><Number>1</Number></Dial>") == (Dial((DialNumber("1"),)), [])
    assert one("<Dial><Sip>sip:a@b</Sip></Dial>") == (Dial((DialSip("sip:a@b"),)), [])
    assert one("<Dial><Client>joe</Client></Dial>") == (Dial((DialClient("joe"),)), [])
    assert one("<Dial><Conference>r</Conference></Dial>") == (Dial((DialConference("r"),)), [])
    assert one("<Dial><Queue>q</Queue></Dial>") == (Dial((DialQueue("q"),)), [])
    assert one("<Enqueue>q</Enqueue>") == (Enqueue("q"), [])
    assert one("<Leave/>") == (Leave(), [])
    assert one("<Echo/>") == (Echo(), [])
    assert one("<Refer><Sip> sip:a@b?X-A=1 </Sip></Refer>") == (Refer("sip:a@b?X-A=1"), [])
    assert one("<Start><Recording/></Start>") == (Start((Recording(),)), [])
    assert one("<Start><Transcription/></Start>") == (Start((Transcription(),)), [])


def test_what_is_played_in_a_gather() -> None:
    verb, warnings = one(
        "<Gather><Say voice='woman'>a</Say><Play loop='2'>b.wav</Play><Pause length='3'/></Gather>"
    )
    assert verb.children == (Say("a", "woman"), Play("b.wav", loop=2), Pause(3))
    assert warnings == []


def test_what_has_no_place_in_a_gather_is_13320() -> None:
    verb, warnings = one(
        "<Gather><Dial>1</Dial><Play digits='1'/><Play digits='1'>b.wav</Play><say/>x</Gather>"
    )
    assert verb.children == (Play("b.wav"),)
    assert sorted(warnings) == [12200, 13320, 13320, 13320, 13320]


def test_say_in_a_gather_has_numbers_of_its_own() -> None:
    assert one("<Gather><Say voice='' loop='x'>a</Say></Gather>") == (
        Gather(children=(Say("a"),)),
        [13321, 13322],
    )


def test_hints_over_the_limits_are_left_out() -> None:
    verb, warnings = one(f"<Gather hints='yes,{'x' * 101},no'/>")
    assert (verb.hints, warnings) == (("yes", "no"), [13330])
    verb, warnings = one(f"<Gather hints='{','.join(f'h{n}' for n in range(501))}'/>")
    assert (len(verb.hints), warnings) == (500, [13330])


def test_unknown_events_are_told_and_the_known_ones_kept() -> None:
    verb, warnings = one(
        "<Dial><Number statusCallbackEvent='answered busy completed'>1</Number></Dial>"
    )
    assert verb.nouns[0].status_callback_event == ("answered", "completed")
    assert warnings == [12200]


def test_a_recording_to_be_transcribed_is_short() -> None:
    assert one("<Record transcribe='true'/>")[0].max_length == 120
    assert one("<Record transcribeCallback='/t'/>")[0].transcribe
    assert one("<Record transcribe='true' maxLength='300'/>")[0].max_length == 300


def test_dial_with_a_number_as_text() -> None:
    assert one("<Dial>\n +1 555 0100\n</Dial>") == (Dial((DialNumber("+1 555 0100"),)), [])
    verb, warnings = one("<Dial>1<Number>2</Number></Dial>")
    assert (verb.nouns, warnings) == ((DialNumber("2"),), [12200])


def test_nouns_of_dial_ring_in_their_order() -> None:
    verb, warnings = one(
        "<Dial><Client><Identity>joe</Identity></Client><Sip>sip:a@b</Sip><Number>1</Number></Dial>"
    )
    assert verb.nouns == (DialClient("joe"), DialSip("sip:a@b"), DialNumber("1"))
    assert warnings == []


@pytest.mark.parametrize(
    ("nouns", "kept"),
    [
        ("<Conference>a</Conference><Number>1</Number>", (DialConference("a"),)),
        ("<Number>1</Number><Queue>q</Queue><Sip>s</Sip>", (DialNumber("1"), DialSip("s"))),
        ("<Queue>q</Queue><Conference>a</Conference>", (DialQueue("q"),)),
    ],
)
def test_rooms_are_alone_in_dial(nouns: str, kept: tuple[object, ...]) -> None:
    verb, warnings = one(f"<Dial>{nouns}</Dial>")
    assert (verb.nouns, warnings) == (kept, [13000])


def test_ten_nouns_of_dial() -> None:
    verb, warnings = one(f"<Dial>{'<Number>1</Number>' * 12}</Dial>")
    assert (len(verb.nouns), warnings) == (10, [13215])


@pytest.mark.parametrize("noun", ["Sim", "Application", "WhatsApp"])
def test_nouns_of_dial_that_are_not_available_leave_the_others(noun: str) -> None:
    verb, warnings = one(f"<Dial><{noun} any='x'>1</{noun}><Number>2</Number></Dial>")
    assert (verb.nouns, warnings) == ((DialNumber("2"),), [13750])


def test_what_dial_does_not_know_is_13215() -> None:
    assert one("<Dial><Agent>1</Agent></Dial>") == (Dial(), [13215])


@pytest.mark.parametrize(
    ("written", "code"),
    [("<Enqueue/>", 14204), (f"<Enqueue>{'q' * 65}</Enqueue>", 14205)],
)
def test_queue_names_have_1_to_64_characters(written: str, code: int) -> None:
    document = parse(f"<Response>{written}</Response>")
    assert (document.verbs, [p.code for p in document.warnings]) == ((), [code])


def test_task_router_is_not_available() -> None:
    verb, _ = one("<Enqueue workflowSid='WW1'><Task>{}</Task></Enqueue>")
    assert verb == Unsupported("Enqueue/Task", verb.message)
    assert one("<Enqueue workflowSid='WW1'>q</Enqueue>") == (Enqueue("q"), [13750])


@pytest.mark.parametrize("written", ["<Refer/>", "<Refer><Sip/></Refer>", "<Start/>", "<Stop/>"])
def test_verbs_without_their_noun_are_left_out_and_told(written: str) -> None:
    document = parse(f"<Response>{written}</Response>")
    assert document.verbs == ()
    assert len(document.warnings) == 1


def test_start_with_several_nouns() -> None:
    verb, warnings = one(
        "<Start action='/a'><Stream url='wss://x' track='both_tracks' name='s'/>"
        "<Siprec/><Recording/><Say>x</Say></Start>"
    )
    stream = Stream("wss://x", name="s", track="both_tracks")
    assert verb == Start((stream, Recording()))
    assert sorted(warnings) == [13750, 14300]


@pytest.mark.parametrize("track", ["inbound_track", "outbound_track", "both_tracks"])
def test_a_stream_of_start_may_have_any_track(track: str) -> None:
    verb, _ = one(f"<Start><Stream url='wss://x/' track='{track}'/></Start>")
    assert verb.nouns[0].target(one_way=True) == "wss://x/"


def test_a_stream_of_start_with_another_track_is_31941() -> None:
    verb, _ = one("<Start><Stream url='wss://x/' track='all'/></Start>")
    with pytest.raises(TwimlError, match="31941"):
        verb.nouns[0].target(one_way=True)


def test_stop_needs_only_names() -> None:
    verb, warnings = one(
        "<Stop><Stream name='a' track='x'/><Recording/><Transcription name='t'/><Siprec/></Stop>"
    )
    assert verb == Stop(
        (Stopped("Stream", "a"), Stopped("Recording", None), Stopped("Transcription", "t"))
    )
    assert warnings == [13750]


def test_all_that_is_parsed_is_a_verb_and_hashable() -> None:
    """Verbs are values; but those that hold parameters cannot be keys."""
    for written in ("<Gather><Say>a</Say></Gather>", "<Record/>", "<Dial>1</Dial>", "<Leave/>"):
        verb, _ = one(written)
        assert isinstance(verb, Verb)
        assert hash(verb) == hash(one(f"\n{written}")[0])
