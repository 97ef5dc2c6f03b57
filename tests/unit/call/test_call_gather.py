"""``<Gather>`` by keys: what ends the input, what stops the prompt, who is asked then."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.call.context import CallContext
from ari_app.call.gather import Entry, Speech
from ari_app.call.outcome import Fetch, Inline
from ari_app.call.verbs import gather as executor
from ari_app.errors import TwilioError
from ari_app.model import CallStatus, Endpoint
from ari_app.testing.call_services import ACCOUNT, VOICE, CallRoom
from twiml import Gather

PROMPT = "<Say>menu</Say>"
AFTER = "<Say>after</Say>"
ACTION = "http://app.test/action"


async def gathering(room: CallRoom, attributes: str, inside: str = "", after: str = AFTER) -> str:
    """Have a caller in front of a Gather whose keys are listened to; the channel."""
    room.asterisk.auto_finish = False
    room.customer.documents[ACTION] = "<Hangup/>"
    gather = f"<Gather action='/action' {attributes}>{inside}</Gather>"
    channel = await room.call("<Play digits='1'/>", gather, after)
    await room.reached(1)
    if inside:
        await room.asterisk.wait_request("POST", f"/channels/{channel}/play/.*")
    else:
        await room.asterisk.wait_request("POST", f"/channels/{channel}/answer")
    return channel


async def asked(room: CallRoom, url: str = ACTION, count: int = 1) -> dict[str, str]:
    """Wait for the ``count``-th request of ``url``; its parameters."""
    await room.news.until(lambda: [u for u, _ in room.customer.asked].count(url) >= count)
    return [params for found, params in room.customer.asked if found == url][count - 1]


def result(params: dict[str, str]) -> tuple[str, str]:
    return params["Digits"], params["FinishedOnKey"]


def stopped(room: CallRoom) -> int:
    return len(room.asterisk.requested("DELETE", "/playbacks/.*"))


@pytest.mark.parametrize(
    ("attributes", "keys", "expected"),
    [
        ("numDigits='3'", "12345", ("123", "")),
        ("", "12#34", ("12", "#")),
        ("finishOnKey='*'", "1#2*", ("1#2", "*")),
        ("finishOnKey='' numDigits='4'", "1#*2", ("1#*2", "")),
        ("numDigits='4' input='speech dtmf'", "12#", ("12", "#")),
        ("timeout='1'", "12", ("12", "")),
    ],
)
async def test_what_ends_the_keys(
    room: CallRoom, attributes: str, keys: str, expected: tuple[str, str]
) -> None:
    channel = await gathering(room, attributes, PROMPT)
    await room.asterisk.dtmf(channel, keys)
    params = await asked(room)
    assert result(params) == expected
    assert params["CallStatus"] == "in-progress"
    await room.ended()
    assert room.sounds.said == ["menu"]
    room.assert_nothing_left()


async def test_a_key_stops_the_prompt_and_what_follows_in_it(room: CallRoom) -> None:
    channel = await gathering(room, "numDigits='2'", f"{PROMPT}<Play>http://app.test/b.wav</Play>")
    assert stopped(room) == 0
    await room.asterisk.dtmf(channel, "1")
    await room.asterisk.wait_request("DELETE", "/playbacks/.*")
    await room.asterisk.dtmf(channel, "2")
    assert result(await asked(room)) == ("12", "")
    await room.ended()
    assert len(room.asterisk.requested("POST", f"/channels/{channel}/play/.*")) == 1


async def test_without_barge_in_the_prompt_is_heard_to_its_end(room: CallRoom) -> None:
    channel = await gathering(room, "numDigits='2' bargeIn='false'", PROMPT)
    await room.asterisk.dtmf(channel, "12")
    (playback,) = room.asterisk.world.playbacks
    assert ACTION not in [url for url, _ in room.customer.asked]
    await room.asterisk.finish_playback(playback)
    assert result(await asked(room)) == ("12", "")
    await room.ended()
    assert stopped(room) == 0


async def test_fact_28_no_input_leads_to_the_next_verb(room: CallRoom) -> None:
    await gathering(room, "timeout='1'")
    await room.asterisk.wait_request("POST", ".*/play/.*")
    room.asterisk.auto_finish = True
    for playback in list(room.asterisk.world.playbacks):
        await room.asterisk.finish_playback(playback)
    await room.ended()
    assert room.sounds.said == ["after"]
    assert [url for url, _ in room.customer.asked] == [VOICE.url]


async def test_fact_28_a_finish_key_alone_is_no_input(room: CallRoom) -> None:
    channel = await gathering(room, "", PROMPT, after="<Hangup/>")
    await room.asterisk.dtmf(channel, "#")
    await room.ended()
    assert [url for url, _ in room.customer.asked] == [VOICE.url]
    room.assert_nothing_left()


@pytest.mark.parametrize(("keys", "expected"), [("", ("", "")), ("#", ("", "#"))])
async def test_fact_28_the_action_may_be_asked_without_input(
    room: CallRoom, keys: str, expected: tuple[str, str]
) -> None:
    channel = await gathering(room, "timeout='1' actionOnEmptyResult='true'")
    await room.asterisk.dtmf(channel, keys)
    assert result(await asked(room)) == expected
    await room.ended()
    assert room.sounds.said == []


async def test_fact_27_without_action_the_current_document_is_asked(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    channel = await room.call(f"<Gather numDigits='1' method='GET'>{PROMPT}</Gather>")
    await room.asterisk.wait_request("POST", ".*/play/.*")
    room.customer.documents[VOICE.url] = "<Hangup/>"
    await room.asterisk.dtmf(channel, "7")
    assert (await asked(room, VOICE.url, 2))["Digits"] == "7"
    await room.ended()


async def test_relative_action_in_a_document_of_rest_is_15004(room: CallRoom) -> None:
    channel = await gathering(room, "")
    document = "<Response><Gather numDigits='1'><Pause length='9'/></Gather><Hangup/></Response>"
    await room.manager.redirect(ACCOUNT.sid, room.calls.only.sid, Inline(document))
    await room.reached(0)
    await room.asterisk.dtmf(channel, "7")
    await room.ended()
    assert room.notifications.codes == [15004]


async def test_a_prompt_that_cannot_be_had_is_the_documents_failure(room: CallRoom) -> None:
    room.sounds.failing["http://app.test/b.wav"] = TwilioError(11200, "gone")
    await room.call("<Gather><Play>http://app.test/b.wav</Play></Gather>", AFTER)
    await room.ended()
    assert room.notifications.codes == [11200]
    assert room.sounds.said != ["after"]


async def test_a_prompt_that_is_no_audio_is_told_and_skipped(room: CallRoom) -> None:
    room.sounds.failing["http://app.test/b.wav"] = TwilioError(13420, "no audio")
    await room.call(
        f"<Gather timeout='1'><Play>http://app.test/b.wav</Play>{PROMPT}</Gather>", AFTER
    )
    await room.ended()
    assert room.notifications.codes == [13420]
    assert room.sounds.said == ["menu", "after"]


async def test_a_caller_who_hangs_up_is_not_told_to_the_action(room: CallRoom) -> None:
    channel = await gathering(room, "", PROMPT)
    await room.asterisk.dtmf(channel, "1")
    await room.asterisk.hang_up(channel)
    assert (await room.ended()).status is CallStatus.COMPLETED
    assert [url for url, _ in room.customer.asked] == [VOICE.url]
    assert room.notifications.codes == []
    room.assert_nothing_left()


@pytest.mark.parametrize("inside", ["", PROMPT, "<Pause length='60'/>"])
async def test_a_live_update_ends_it_and_the_keys_before_are_forgotten(
    room: CallRoom, inside: str
) -> None:
    room.asterisk.auto_finish = False
    channel = await room.call("<Play digits='1'/>", f"<Gather>{inside}</Gather>")
    await room.reached(1)
    await room.asterisk.dtmf(channel, "12")
    room.asterisk.auto_finish = True
    room.customer.documents[ACTION] = "<Gather numDigits='2' action='/two'/>"
    room.customer.documents["http://app.test/two"] = "<Hangup/>"
    sid = room.calls.only.sid
    await room.manager.redirect(ACCOUNT.sid, sid, Fetch(Endpoint(url=ACTION)))
    await room.news.until(lambda: any(p.url == ACTION for p in room.calls.places.values()))
    await room.asterisk.dtmf(channel, "34")
    assert (await asked(room, "http://app.test/two"))["Digits"] == "34"
    await room.ended()
    room.assert_nothing_left()


async def test_speech_and_keys_whichever_is_first_decides(
    room: CallRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What listens for speech feeds the same input as the keys."""
    entries: asyncio.Queue[Entry] = asyncio.Queue()

    async def listen(ctx: CallContext, verb: Gather, entry: Entry) -> None:
        entries.put_nowait(entry)
        await asyncio.Event().wait()

    monkeypatch.setattr(executor, "_listener", lambda verb: listen)
    channel = await gathering(room, "input='dtmf speech' timeout='1'", PROMPT)
    entry = await entries.get()
    assert entry.speech_began()
    await room.asterisk.wait_request("DELETE", "/playbacks/.*")
    await room.asterisk.dtmf(channel, "1#")
    entry.speech_ended(None)  # a cough: the keys count again
    assert entry.speech_began()
    entry.speech_ended(Speech("yes please", 0.93))
    params = await asked(room)
    assert (params["SpeechResult"], params["Confidence"]) == ("yes please", "0.9300")
    assert "Digits" not in params
    await room.ended()


async def test_speech_after_a_key_does_not_count(room: CallRoom) -> None:
    entry = Entry(Gather())
    entry.key("1")
    assert not entry.speech_began()
    entry.speech_ended(Speech("no", 1.0))
    entry.key("#")
    assert (entry.result().digits, entry.result().speech) == ("1", None)
