"""<Start><Transcription> on a fake Asterisk and a fake recogniser (Twilio: Transcription)."""

from __future__ import annotations

import json

from ari_app.call.speech_ports import ListenRequest, SpeechEvent
from ari_app.errors import TwilioError
from ari_app.testing.call_services import CallRoom
from ari_app.testing.recognizer import FakeRecognition

TOLD = "http://app.test/transcription"


def start(attributes: str = "") -> str:
    return (
        f'<Start><Transcription statusCallbackUrl="{TOLD}" {attributes}/></Start>'
        "<Pause length='60'/>"
    )


async def listening(room: CallRoom, *verbs: str) -> FakeRecognition:
    await room.call(*verbs)
    await room.news.until(lambda: bool(room.recognizer.begun) and bool(room.streams.opened))
    return room.recognizer.begun[0]


def told(room: CallRoom) -> list[dict[str, str]]:
    return [params for url, params in room.customer.told if url == TOLD]


def events(room: CallRoom) -> list[str]:
    return [params["TranscriptionEvent"].removeprefix("transcription-") for params in told(room)]


async def over(room: CallRoom) -> None:
    await room.asterisk.hang_up("in-1")
    await room.ended()
    room.assert_nothing_left()


async def test_what_both_say_is_told_in_order(room: CallRoom) -> None:
    """§6.3: form fields of each event, SequenceId one by one."""
    ear = await listening(
        room,
        start(
            'name="t" partialResults="true" hints="one, two" languageCode="en-GB" '
            'inboundTrackLabel="caller" transcriptionEngine="Deepgram"'
        ),
    )
    assert ear.request == ListenRequest(
        "en-GB", ("one", "two"), 1.0, 60.0, partials=True, tracks=("inbound", "outbound")
    )
    ear.say(
        SpeechEvent("began", "inbound"),
        SpeechEvent("partial", "inbound", "on", stability=0.5),
        SpeechEvent("final", "inbound", "one", 0.75),
        SpeechEvent("final", "outbound", "", None),
        SpeechEvent("final", "outbound", "two", None),
    )
    await room.news.until(lambda: events(room).count("content") == 3)
    await over(room)
    assert events(room) == ["started", "content", "content", "content", "stopped"]
    started, partial, one, two, stopped = told(room)
    assert [params["SequenceId"] for params in told(room)] == ["1", "2", "3", "4", "5"]
    assert len({params["TranscriptionSid"] for params in told(room)}) == 1
    assert stopped["TranscriptionSid"].startswith("GT")
    assert (started["Name"], started["Track"], started["LanguageCode"]) == (
        "t",
        "both_tracks",
        "en-GB",
    )
    assert (started["InboundTrackLabel"], started["PartialResults"]) == ("caller", "true")
    assert "OutboundTrackLabel" not in started
    assert json.loads(started["ProviderConfiguration"])["profanityFilter"] == "true"
    assert (partial["Final"], partial["Stability"]) == ("false", "0.5")
    assert json.loads(partial["TranscriptionData"]) == {"transcript": "on"}
    assert (one["Track"], one["Final"]) == ("inbound_track", "true")
    assert json.loads(one["TranscriptionData"]) == {"transcript": "one", "confidence": 0.75}
    assert json.loads(two["TranscriptionData"]) == {"transcript": "two"}
    assert two["Track"] == "outbound_track"
    assert room.notifications.codes == []


async def test_it_is_stopped_by_name_and_the_call_goes_on(room: CallRoom) -> None:
    await room.call(
        start('name="t" track="inbound_track"').replace("60", "1"),
        '<Stop><Transcription name="t"/></Stop>',
        "<Pause length='60'/>",
    )
    await room.reached(3)
    assert room.recognizer.begun[0].over
    assert not room.calls.only.status.final
    await over(room)
    assert events(room) == ["started", "stopped"]


async def test_no_recogniser_is_an_error_and_no_more(room: CallRoom) -> None:
    room.recognizer.failing = TwilioError(13340, "it is away")
    await room.call(start())
    await room.news.until(lambda: room.notifications.codes == [13340])
    await over(room)
    assert events(room) == ["started", "error", "stopped"]
    assert told(room)[1]["TranscriptionErrorCode"] == "13340"
    assert told(room)[1]["TranscriptionError"] == "it is away"


async def test_an_unknown_engine_is_told_and_ours_is_used(room: CallRoom) -> None:
    await listening(room, start('transcriptionEngine="whistle"'))
    await room.news.until(lambda: room.notifications.codes == [32650])
    await over(room)


async def test_what_cannot_be_started_is_told(room: CallRoom) -> None:
    relative = start().replace(TOLD, "/t")
    await room.call(relative.replace("60", "1"), *[start('name="t"').replace("60", "1")] * 2)
    await room.ended()
    assert room.notifications.codes == [11100, 13340]
    room.assert_nothing_left()
