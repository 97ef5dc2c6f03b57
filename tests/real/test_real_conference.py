"""Conferences on the real Asterisk: who hears whom, what is told, how they end."""

from __future__ import annotations

import io

import aiohttp
import soundfile

from ari_app.testing import audio
from ari_app.testing.developer import Developer
from ari_app.testing.hearing import LEAST, heard, hears, level, speaking, tone
from ari_app.testing.phone import call

#: Whole numbers of turns in a second: a tone that is repeated has no click.
ANN, BEN, CAT, MUSIC, NEWS = 440.0, 690.0, 1060.0, 1690.0, 2310.0
TONES = (ANN, BEN, CAT, MUSIC, NEWS)
EVENTS = "start end join leave mute hold"


def conference(name: str, **attributes: str) -> str:
    """A document that joins the conference ``name``; no beeps unless asked for."""
    wanted = {"beep": "false", **attributes}
    text = "".join(f' {key}="{value}"' for key, value in wanted.items())
    return f'<Dial action="/after"><Conference{text}>{name}</Conference></Dial>'


async def numbers(dev: Developer, **documents: str) -> dict[str, str]:
    """A number for each document, by the same names."""
    return {
        name: await dev.number(dev.app.twiml(f"/{name}", document))
        for name, document in documents.items()
    }


async def told(dev: Developer, count: int) -> list[tuple[str, str]]:
    """The first ``count`` events of the conference, each with whom it is about."""
    await dev.app.wait_for("/conf", count)
    found = sorted(dev.app.received("/conf"), key=lambda one: int(one.params["SequenceNumber"]))
    return [(one.params["StatusCallbackEvent"], one.params.get("CallSid", "")) for one in found]


async def test_three_each_hear_the_others_and_the_first_one_out_ends_it(dev: Developer) -> None:
    wait = dev.files.audio("/wait.wav", audio.wav(tone(3, MUSIC), "ulaw"))
    dev.app.twiml("/after", "<Hangup/>")
    number = await numbers(
        dev,
        ann=conference(
            "trio",
            waitUrl=wait,
            waitMethod="GET",
            endConferenceOnExit="true",
            statusCallback="/conf",
            statusCallbackEvent=EVENTS,
            participantLabel="ann",
            record="record-from-start",
            recordingStatusCallback="/recorded",
        ),
        ben=conference("trio"),
        cat=conference("trio", muted="true"),
    )
    dev.app.twiml("/conf", "")
    dev.app.twiml("/recorded", "")
    async with call(dev.stack.sip, number["ann"]) as ann, speaking(ann, ANN):
        await hears(ann, {MUSIC}, TONES)
        async with call(dev.stack.sip, number["ben"]) as ben, speaking(ben, BEN):
            await hears(ann, {BEN}, TONES)
            await hears(ben, {ANN}, TONES)
            async with call(dev.stack.sip, number["cat"]) as cat, speaking(cat, CAT):
                await hears(cat, {ANN, BEN}, TONES)
                await hears(ann, {BEN}, TONES)
                await hears(ben, {ANN}, TONES)
                await ann.sipp.hang_up()
                await ben.hung_up()
                await cat.hung_up()
    sids = {name: await dev.call_sid(f"/{name}") for name in ("ann", "ben", "cat")}
    events = await told(dev, 8)
    assert events[:4] == [
        ("participant-join", sids["ann"]),
        ("participant-join", sids["ben"]),
        ("conference-start", ""),
        ("participant-join", sids["cat"]),
    ]
    assert events[4] == ("participant-leave", sids["ann"])
    assert set(events[5:7]) == {("participant-leave", sids[name]) for name in ("ben", "cat")}
    assert events[7] == ("conference-end", "")
    end = dev.app.received("/conf")[-1].params
    assert end["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert (end["CallSidEndingConference"], end["ParticipantLabelEndingConference"]) == (
        sids["ann"],
        "ann",
    )
    await dev.app.wait_for("/after", 3)
    asked = {one.params["CallSid"]: one.params for one in dev.app.received("/after")}
    assert {one["DialCallStatus"] for one in asked.values()} == {"answered"}
    assert asked[sids["ben"]]["CallStatus"] == "in-progress"
    assert asked[sids["ann"]]["CallStatus"] == "completed"
    assert not {"DialCallSid", "DialCallDuration"} & set(asked[sids["ben"]])
    await recorded(dev, end["ConferenceSid"], {ANN, BEN})


async def recorded(dev: Developer, conference_sid: str, tones: set[float]) -> None:
    """The conference's recording has exactly these tones, and can be found by REST."""
    told = (await dev.app.wait_for("/recorded")).params
    assert (told["ConferenceSid"], told["RecordingSource"]) == (conference_sid, "Conference")
    found = await dev.rest(dev.client.conferences(conference_sid).recordings.list)
    assert [one.sid for one in found] == [told["RecordingSid"]]
    auth = aiohttp.encode_basic_auth(dev.stack.sid, dev.stack.token)
    async with (
        aiohttp.ClientSession(headers={"Authorization": auth}, raise_for_status=True) as session,
        session.get(told["RecordingUrl"] + ".wav") as answer,
    ):
        samples, _ = soundfile.read(io.BytesIO(await answer.read()))
    middle = samples[samples.size // 2 :][:4000]
    assert {one for one in TONES if level(middle, one) > LEAST} == tones


async def test_rest_mutes_holds_announces_coaches_kicks_and_ends(dev: Developer) -> None:
    rooms = dev.client.conferences
    news = dev.files.audio("/news.wav", audio.wav(tone(2, NEWS), "ulaw"))
    hold = dev.files.audio("/hold.wav", audio.wav(tone(3, MUSIC), "ulaw"))
    dev.app.twiml("/conf", "")
    dev.app.twiml("/after", "<Pause length='60'/>")
    number = await numbers(
        dev,
        ann=conference("desk", statusCallback="/conf", statusCallbackEvent=EVENTS),
        ben=conference("desk", participantLabel="ben"),
        cat=conference("desk"),
    )
    async with (
        call(dev.stack.sip, number["ann"]) as ann,
        speaking(ann, ANN),
        call(dev.stack.sip, number["ben"]) as ben,
        speaking(ben, BEN),
        call(dev.stack.sip, number["cat"]) as cat,
        speaking(cat, CAT),
    ):
        sids = {name: await dev.call_sid(f"/{name}") for name in ("ann", "ben", "cat")}
        await hears(ann, {BEN, CAT}, TONES)
        [found] = await dev.rest(rooms.list, friendly_name="desk", status="in-progress")
        room = rooms(found.sid)
        assert (found.sid[:2], found.status, found.friendly_name) == ("CF", "in-progress", "desk")
        people = await dev.rest(room.participants.list)
        assert {one.call_sid for one in people} == set(sids.values())
        assert {one.label for one in people} == {"ben", None}

        muted = await dev.rest(room.participants(sids["cat"]).update, muted=True)
        assert (muted.muted, muted.hold, muted.status) == (True, False, "connected")
        await hears(ann, {BEN}, TONES)
        await hears(cat, {ANN, BEN}, TONES)
        await dev.rest(room.participants(sids["cat"]).update, muted=False)
        await hears(ann, {BEN, CAT}, TONES)

        held = await dev.rest(room.participants("ben").update, hold=True, hold_url=hold)
        assert held.hold is True
        await hears(ben, {MUSIC}, TONES)
        await hears(ann, {CAT}, TONES)
        await dev.rest(room.participants("ben").update, hold=False)
        await hears(ben, {ANN, CAT}, TONES)

        await dev.rest(room.participants(sids["ann"]).update, announce_url=news)
        await hears(ann, {NEWS}, [NEWS])
        assert heard(ben, [NEWS]) == set()
        await dev.rest(room.update, announce_url=news)
        await hears(cat, {ANN, BEN, NEWS}, TONES)

        coach = {"coaching": True, "call_sid_to_coach": sids["ann"]}
        coaching = await dev.rest(room.participants(sids["cat"]).update, **coach)
        assert (coaching.coaching, coaching.call_sid_to_coach) == (True, sids["ann"])
        await hears(ben, {ANN}, TONES)
        await hears(ann, {BEN, CAT}, TONES)
        await hears(cat, {ANN, BEN}, TONES)
        await dev.rest(room.participants(sids["cat"]).update, coaching=False)
        await hears(ben, {ANN, CAT}, TONES)

        await dev.rest(room.participants(sids["cat"]).delete)
        await hears(ann, {BEN}, TONES)
        assert (await dev.app.wait_for("/after")).params["CallSid"] == sids["cat"]
        ended = await dev.rest(room.update, status="completed")
        assert ended.status == "completed"
        await dev.app.wait_for("/after", 3)
        assert await dev.rest(room.participants.list) == []
        over = await dev.rest(room.fetch)
        assert over.reason_conference_ended == "conference-ended-via-api"
        for sid in sids.values():
            await dev.rest(dev.client.calls(sid).update, status="completed")
    events = [event for event, _ in await told(dev, 12)]
    assert events[4:8] == [
        "participant-mute",
        "participant-unmute",
        "participant-hold",
        "participant-unhold",
    ]
    assert events[-1] == "conference-end"
