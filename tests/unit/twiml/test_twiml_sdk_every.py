"""Every class and every attribute of the official builder arrives here as it was meant."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from twilio.twiml import TwiML
from twilio.twiml.voice_response import Say as SdkSay
from twilio.twiml.voice_response import VoiceResponse

from twiml import Connect, Dial, Document, Gather, Start, Stop, Unsupported, Verb, parse
from twiml.registry import UNSUPPORTED, VERBS
from twiml.schema import Spec, field_name
from twiml.verbs.unsupported import CONNECT_NOUNS, DIAL_NOUNS, START_NOUNS

#: A legal value, other than the default, for each argument of a builder.
VALUES: dict[str, Any] = {
    "action": "/next",
    "action_on_empty_result": True,
    "amd_status_callback": "https://app.example/amd",
    "amd_status_callback_method": "GET",
    "answer_on_bridge": True,
    "barge_in": False,
    "beep": "onExit",
    "caller_id": "+15550100",
    "channels": "mono",
    "coach": "CA" + "0" * 32,
    "digits": "1w#",
    "enable_automatic_punctuation": False,
    "end_conference_on_exit": True,
    "event_callback_url": "/old",
    "finish_on_key": "*",
    "hangup_on_star": True,
    "hints": "yes, no way",
    "inbound_track_label": "caller",
    "input": "dtmf speech",
    "language": "de-DE",
    "language_code": "de-DE",
    "length": 2,
    "loop": 2,
    "machine_detection": "DetectMessageEnd",
    "machine_detection_silence_timeout": 2000,
    "machine_detection_speech_end_threshold": 500,
    "machine_detection_speech_threshold": 1000,
    "machine_detection_timeout": 59,
    "max_length": 30,
    "max_participants": 7,
    "max_queue_size": 9,
    "max_speech_time": 20,
    "method": "GET",
    "muted": True,
    "num_digits": 4,
    "outbound_track_label": "agent",
    "partial_result_callback": "/partial",
    "partial_result_callback_method": "GET",
    "partial_results": True,
    "participant_label": "agent",
    "password": "p w",
    "play_beep": False,
    "priority": 3,
    "profanity_filter": False,
    "reason": "busy",
    "record": "record-from-ringing",
    "recording_status_callback": "https://app.example/recordings",
    "recording_status_callback_event": "in-progress completed absent",
    "recording_status_callback_method": "GET",
    "recording_track": "inbound",
    "refer_method": "GET",
    "refer_url": "/refer",
    "ring_tone": "us-old",
    "send_digits": "W12",
    "sequential": True,
    "sip_url": "sip:agent@example.com?X-One=1",
    "speech_model": "phone_call",
    "speech_timeout": "auto",
    "start_conference_on_enter": False,
    "status_callback": "https://app.example/status",
    "status_callback_event": "ringing answered",
    "status_callback_method": "GET",
    "status_callback_url": "https://app.example/words",
    "time_limit": 60,
    "timeout": 7,
    "track": "outbound_track",
    "transcribe": True,
    "transcribe_callback": "/words",
    "transcription_engine": "deepgram",
    "trim": "do-not-trim",
    "url": "wss://bot.example/ws",
    "username": "joe",
    "wait_method": "GET",
    "wait_url": "",
    "wait_url_method": "GET",
    "weight": 5,
}
#: The same where a builder means something else by the name.
OTHERS: dict[tuple[str, str], Any] = {
    ("conference", "record"): "record-from-start",
    ("conference", "status_callback_event"): "start join announcement",
    ("dial", "trim"): "trim-silence",
    ("recording", "track"): "inbound",
    ("connect.stream", "track"): "inbound_track",
    ("gather.play", "digits"): None,
}
#: What a value becomes where it does not stay what it is.
MEANT: dict[str, Any] = {"hints": ("yes", "no way")}
LISTS = ("input", "recording_status_callback_event", "status_callback_event")


def methods(owner: type[TwiML]) -> list[str]:
    """Names of the builder methods a class adds itself."""
    return [
        name
        for name, member in vars(owner).items()
        if inspect.isfunction(member) and not name.startswith("_")
    ]


def value(path: str, name: str) -> Any:
    """Return the value to hand to argument ``name`` of the builder at ``path``."""
    for ending in (path, path.rpartition(".")[2]):
        if (ending, name) in OTHERS:
            return OTHERS[ending, name]
    return VALUES.get(name, "x")


def fill(owner: TwiML, path: str, *, leaf: bool) -> TwiML:
    """Call the last builder of ``path`` with a value for every argument it names."""
    method = getattr(owner, path.rpartition(".")[2])
    names = [
        parameter.name
        for parameter in inspect.signature(method).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        and (leaf or parameter.name != "number")  # a number as text stands for nouns
    ]
    made = method(**{name: value(path, name) for name in names})
    assert isinstance(made, TwiML)
    return made


def built(path: str) -> tuple[list[TwiML], Document]:
    """Build the elements of ``path``, one in the other, and parse what that writes."""
    response = VoiceResponse()
    owner: TwiML = response
    elements = []
    names = path.split(".")
    for count in range(1, len(names) + 1):
        owner = fill(owner, ".".join(names[:count]), leaf=count == len(names))
        elements.append(owner)
    return elements, parse(str(response))


def paths(owner: TwiML, before: str = "") -> Iterator[str]:
    """Yield every builder there is as a path; speech markup has tests of its own."""
    for name in methods(type(owner)):
        path = f"{before}.{name}" if before else name
        yield path
        made = fill(owner, path, leaf=False)
        if not isinstance(made, SdkSay):
            yield from paths(made, path)


EVERY = list(paths(VoiceResponse()))


def spec(path: str, element: str) -> Spec:
    """Return the description of the verb or noun that ``path`` makes."""
    if "." not in path:
        return VERBS[element]
    children = VERBS[path.partition(".")[0].title()].children or ()
    return next(child for child in children if child.name == element)


def rejected(elements: list[TwiML]) -> bool:
    """Tell whether this is one of those that are answered with 13750 for good."""
    names = [element.name for element in elements]
    task = names == ["Enqueue", "Task"] or names == ["Enqueue"]  # the builder's workflowSid
    known = (*UNSUPPORTED, *DIAL_NOUNS, *START_NOUNS, *CONNECT_NOUNS)
    return task or any(name in known for name in names[:2] if names[:2] != ["Dial", "Queue"])


def made(verb: Verb, depth: int) -> object:
    """Return the verb, or its one noun."""
    if depth == 1:
        return verb
    match verb:
        case Connect():
            return verb.stream
        case Dial() | Start() | Stop():
            (noun,) = verb.nouns
            return noun
        case Gather():
            (child,) = verb.children
            return child
    return verb


def test_the_builder_has_all_we_know() -> None:
    """Introspection that finds nothing would prove nothing."""
    assert len(EVERY) > 70
    assert {"dial.sip.headers.header", "gather.say", "start.transcription.config"} <= set(EVERY)


@pytest.mark.parametrize("path", EVERY)
def test_all_that_the_builder_can_write_is_known(path: str) -> None:
    elements, document = built(path)
    codes = {problem.code for problem in document.warnings}
    if path in ("connect", "start", "stop", "refer", "leave"):
        return  # nothing without its noun
    assert codes <= ({13750} if rejected(elements) else set()), document.warnings
    if rejected(elements):
        verbs = [verb for verb in document.verbs if isinstance(verb, Unsupported)]
        assert verbs or 13750 in codes
    else:
        assert document.verbs
        assert not any(isinstance(verb, Unsupported) for verb in document.verbs)


@pytest.mark.parametrize("path", [path for path in EVERY if path.count(".") < 2])
def test_every_attribute_means_what_was_written(path: str) -> None:
    elements, document = built(path)
    if rejected(elements) or not document.verbs or elements[-1].name == "Parameter":
        return
    described = spec(path, elements[-1].name)
    found = made(document.verbs[0], len(elements))
    if isinstance(document.verbs[0], Stop):
        assert getattr(found, "name", None) == ("x" if path != "stop.recording" else None)
        return
    for attribute in described.attributes:
        name = field_name(attribute.name)
        if attribute.status != "supported" or name not in written(path):
            continue
        meant = MEANT.get(name, value(path, name))
        meant = tuple(meant.split()) if name in LISTS else meant
        assert getattr(found, name) == meant, attribute.name
        assert meant != attribute.default or (path, name) in OTHERS, attribute.name


def written(path: str) -> set[str]:
    """Return the arguments that the builder at ``path`` takes."""
    owner: TwiML = VoiceResponse()
    names = path.split(".")
    for count in range(1, len(names)):
        owner = fill(owner, ".".join(names[:count]), leaf=False)
    return set(inspect.signature(getattr(owner, names[-1])).parameters)


def test_what_is_deeper_than_a_noun_arrives() -> None:
    response = VoiceResponse()
    dial = response.dial()
    sip = dial.sip(None)
    sip.uri("sip:second@example.com", priority=2, username="u2")
    sip.uri("sip:first@example.com", priority=1, weight=3, username="u1", password="p1")
    headers = sip.headers()
    headers.header(name="X-One", value="1")
    headers.header(name="X-Two", value="2 & 3")
    client = dial.client()
    client.identity("joe")
    client.parameter(name="who", value="Jane")
    (verb,) = parse(str(response)).verbs
    assert isinstance(verb, Dial)
    first, second = verb.nouns
    assert (first.uri, first.username, first.password) == ("sip:first@example.com", "u1", "p1")  # type: ignore[union-attr]
    assert [item.uri for item in first.others] == ["sip:second@example.com"]  # type: ignore[union-attr]
    assert first.headers == (("X-One", "1"), ("X-Two", "2 & 3"))  # type: ignore[union-attr]
    assert second.identity == "joe"  # type: ignore[union-attr]
    assert second.parameters == {"who": "Jane"}  # type: ignore[union-attr]
