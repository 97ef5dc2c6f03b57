"""Speech in <Gather> on a fake Asterisk and a fake recogniser (Twilio: TwiML Gather)."""

from __future__ import annotations

import pytest

from ari_app.call.speech_ports import ListenRequest, SpeechEvent
from ari_app.errors import TwilioError
from ari_app.testing.call_services import CallRoom
from ari_app.testing.recognizer import FakeRecognition

HEARD = "http://app.test/heard"
BEGAN = SpeechEvent("began", "inbound")


def gather(attributes: str = "", inner: str = "") -> str:
    return f'<Gather input="dtmf speech" action="/heard" {attributes}>{inner}</Gather>'


def final(text: str, confidence: float | None = 0.9) -> SpeechEvent:
    return SpeechEvent("final", "inbound", text, confidence)


async def listening(room: CallRoom, *verbs: str) -> FakeRecognition:
    room.customer.documents[HEARD] = "<Hangup/>"
    await room.call(*verbs)
    await room.news.until(lambda: bool(room.recognizer.begun) and bool(room.streams.opened))
    return room.recognizer.begun[0]


async def heard(room: CallRoom) -> dict[str, str]:
    await room.ended()
    room.assert_nothing_left()
    return next((params for url, params in room.customer.asked if url == HEARD), {})


async def test_words_go_to_the_action(room: CallRoom) -> None:
    ear = await listening(room, gather())
    (request,) = room.streams.requests
    assert [source.track for source in request.sources] == ["inbound"]
    assert (request.url, request.allow) == (ear.url, ("127.0.0.1/32",))
    ear.say(BEGAN, final("hello there"))
    params = await heard(room)
    assert (params["SpeechResult"], params["Confidence"]) == ("hello there", "0.9000")
    assert "Digits" not in params
    assert room.notifications.codes == []
    assert room.customer.stream_events == []


async def test_what_is_wanted_reaches_the_recogniser(room: CallRoom) -> None:
    ear = await listening(
        room,
        gather(
            'language="en-GB" hints="yes, no" speechTimeout="3" maxSpeechTime="20" '
            'speechModel="numbers_and_commands" partialResultCallback="/p"'
        ),
    )
    assert ear.request == ListenRequest(
        "en-GB", ("yes", "no"), 3.0, 20.0, numbers=True, partials=True
    )
    ear.say(BEGAN, final("yes"))
    await heard(room)


@pytest.mark.parametrize(
    ("attributes", "silence"),
    [("", 5.0), ('timeout="7"', 7.0), ('timeout="7" speechTimeout="auto"', 1.0)],
)
async def test_the_silence_that_ends_an_utterance(
    room: CallRoom, attributes: str, silence: float
) -> None:
    """§1.8: `timeout` unless `speechTimeout` says otherwise."""
    ear = await listening(room, gather(attributes))
    assert ear.request.silence == silence
    ear.say(BEGAN, final("yes"))
    await heard(room)


async def test_speech_stops_the_prompt(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    ear = await listening(room, gather(inner="<Play>http://app.test/a.wav</Play>"))
    await room.asterisk.wait_request("POST", r"/channels/in-1/play/.*")
    ear.say(BEGAN)
    await room.asterisk.wait_request("DELETE", r"/playbacks/.*")
    ear.say(final("stop that"))
    assert (await heard(room))["SpeechResult"] == "stop that"


async def test_a_key_first_and_speech_is_ignored(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    prompt = "<Play>http://app.test/a.wav</Play>"
    ear = await listening(room, gather('numDigits="2"', prompt))
    await room.asterisk.wait_request("POST", r"/channels/in-1/play/.*")
    await room.asterisk.dtmf("in-1", "4")
    await room.asterisk.wait_request("DELETE", r"/playbacks/.*")
    ear.say(BEGAN, final("ignored"))
    await room.asterisk.dtmf("in-1", "2")
    params = await heard(room)
    assert params["Digits"] == "42"
    assert "SpeechResult" not in params


async def test_noise_is_no_input_and_waiting_goes_on(room: CallRoom) -> None:
    ear = await listening(room, gather('timeout="1"'), "<Say>nothing</Say>")
    ear.say(BEGAN, final("", None))
    assert await heard(room) == {}
    assert room.sounds.said == ["nothing"]


async def test_partial_results_are_told_in_order(room: CallRoom) -> None:
    ear = await listening(room, gather('partialResultCallback="/partial"'))
    ear.say(
        BEGAN,
        SpeechEvent("partial", "inbound", "one", stability=0.5),
        SpeechEvent("partial", "inbound", "one two", stability=0.5),
        final("one two three", None),
    )
    params = await heard(room)
    assert "Confidence" not in params
    told = [p for url, p in room.customer.told if url == "http://app.test/partial"]
    assert [(p["UnstableSpeechResult"], p["StableSpeechResult"]) for p in told] == [
        ("one", ""),
        ("one two", "one"),
    ]
    assert [p["SequenceNumber"] for p in told] == ["0", "1"]
    assert all(p["CallSid"] and p["Stability"] == "0.5" for p in told)


@pytest.mark.parametrize("late", [False, True])
async def test_without_a_recogniser_keys_still_count(room: CallRoom, late: bool) -> None:
    room.customer.documents[HEARD] = "<Hangup/>"
    error = TwilioError(13340, "it is away")
    if not late:
        room.recognizer.failing = error
        await room.call(gather('numDigits="1"'))
    else:
        ear = await listening(room, gather('numDigits="1"'))
        ear.say(BEGAN, error)
    await room.news.until(lambda: room.notifications.codes == [13340])
    await room.asterisk.dtmf("in-1", "5")
    assert (await heard(room))["Digits"] == "5"


async def test_a_caller_who_hangs_up_while_speaking(room: CallRoom) -> None:
    ear = await listening(room, gather())
    ear.say(BEGAN)
    await room.asterisk.hang_up("in-1")
    assert await heard(room) == {}
    assert room.notifications.codes == []
