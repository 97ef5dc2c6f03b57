"""Conferences on the real Asterisk: chimes, callers called in, and a restart of the app."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from ari_app.testing.developer import Developer, developer_on
from ari_app.testing.hearing import heard, hears, speaking
from ari_app.testing.phone import Phone, call, telephone
from ari_app.testing.stack import RealStack, real_stack

ANN, BEN, CAT = 440.0, 690.0, 1060.0
#: The two tones of a chime (ari_app.media.music).
LOW, HIGH = 660.0, 880.0
TONES = (ANN, BEN, CAT)
ROOM = (
    '<Dial><Conference beep="{beep}" statusCallback="/talk" statusCallbackEvent="speaker">'
    "life</Conference></Dial>"
)


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A node whose app may be killed."""
    with real_stack(tmp_path_factory.mktemp("mortal")) as running:
        yield running


@pytest.fixture
async def dev(mortal: RealStack) -> AsyncIterator[Developer]:
    async with developer_on(mortal) as playing:
        yield playing


async def chime(phone: Phone) -> None:
    """Wait until the telephone hears a chime's higher tone."""
    async with asyncio.timeout(20):
        await phone.probe.until(lambda: heard(phone, [HIGH]) == {HIGH})


async def restart(stack: RealStack) -> None:
    """Kill the app and wait until another one is healthy."""
    old = stack.pid("app")
    os.kill(old, signal.SIGKILL)
    async with asyncio.timeout(60):
        while stack.pid("app") in (0, old):  # noqa: ASYNC110 - supervisord has no events
            await asyncio.sleep(0.05)
    await asyncio.to_thread(stack.wait_healthy)


async def test_a_conference_lives_through_a_restart_and_lets_others_in(dev: Developer) -> None:
    rooms = dev.client.conferences
    number = await dev.number(dev.app.twiml("/room", ROOM.format(beep="false")))
    loud = await dev.number(dev.app.twiml("/loud", ROOM.format(beep="true")))
    dev.app.callback("/talk")
    async with (
        call(dev.stack.sip, number) as ann,
        speaking(ann, ANN),
        call(dev.stack.sip, number) as ben,
        speaking(ben, BEN),
    ):
        await hears(ann, {BEN}, TONES)
        talks = await dev.app.wait_for("/talk")
        assert talks.params["StatusCallbackEvent"] == "participant-speech-start"
        [before] = await dev.rest(rooms.list, friendly_name="life", status="in-progress")
        await restart(dev.stack)
        for sid in {request.params["CallSid"] for request in dev.app.received("/room")}:
            await dev.logged("conference.joined", sid, before.sid)
        await hears(ann, {BEN}, TONES)
        await hears(ben, {ANN}, TONES)
        [after] = await dev.rest(rooms.list, friendly_name="life", status="in-progress")
        assert after.sid == before.sid
        assert len(await dev.rest(rooms(after.sid).participants.list)) == 2

        async with call(dev.stack.sip, loud) as cat, speaking(cat, CAT):
            await chime(ann)
            await hears(ann, {BEN, CAT}, TONES)
            await cat.sipp.hang_up()
        await chime(ben)
        await hears(ben, {ANN}, TONES)

        async with telephone() as dan:
            people = rooms("life").participants
            to = f"sip:dan@127.0.0.1:{dan.sipp.port}"
            made = await dev.rest(people.create, from_="+15550001", to=to, label="dan", beep=False)
            assert (made.status, made.conference_sid) == ("queued", before.sid)
            await dan.answered()
            async with speaking(dan, CAT):
                await hears(ann, {BEN, CAT}, TONES)
                await hears(dan, {ANN, BEN}, TONES)
            joined = await dev.rest(people("dan").fetch)
            assert (joined.call_sid, joined.status) == (made.call_sid, "connected")
            await dev.rest(rooms(before.sid).update, status="completed")
            for phone in (ann, ben, dan):
                await phone.hung_up()
    assert (await dev.rest(rooms(before.sid).fetch)).status == "completed"
