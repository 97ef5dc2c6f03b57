"""Conferences and queues across a restart of the app; chimes, and callers called in."""

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


async def adopted(dev: Developer, *sids: str) -> None:
    """Kill the app; the new one has taken up these calls."""
    await restart(dev.stack)
    for sid in sids:
        await dev.logged("call.adopted", sid)


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
        await adopted(dev, *(request.params["CallSid"] for request in dev.app.received("/room")))
        await hears(ann, {BEN}, TONES)
        await hears(ben, {ANN}, TONES)
        [after] = await dev.rest(rooms.list, friendly_name="life", status="in-progress")
        assert after.sid == before.sid
        async with asyncio.timeout(20):
            # Each takes its seat again right after it is adopted, which nothing tells of.
            while len(await dev.rest(rooms(after.sid).participants.list)) != 2:  # noqa: ASYNC110 - over REST
                await asyncio.sleep(0.02)

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


async def test_a_coach_is_with_one_alone_after_a_restart_too(dev: Developer) -> None:
    room = '<Dial><Conference beep="false"{more}>coached</Conference></Dial>'
    ann_number = await dev.number(dev.app.twiml("/ann", room.format(more="")))
    ben_number = await dev.number(dev.app.twiml("/ben", room.format(more="")))
    async with (
        call(dev.stack.sip, ann_number) as ann,
        speaking(ann, ANN),
        call(dev.stack.sip, ben_number) as ben,
        speaking(ben, BEN),
    ):
        ann_sid, ben_sid = await dev.call_sid("/ann"), await dev.call_sid("/ben")
        coach = room.format(more=f' coach="{ann_sid}"')
        async with (
            call(dev.stack.sip, await dev.number(dev.app.twiml("/cat", coach))) as cat,
            speaking(cat, CAT),
        ):
            cat_sid = await dev.call_sid("/cat")

            async def coached() -> None:
                await hears(ann, {BEN, CAT}, TONES)
                await hears(ben, {ANN}, TONES)
                await hears(cat, {ANN, BEN}, TONES)

            await coached()
            await adopted(dev, ann_sid, ben_sid, cat_sid)
            await coached()
            people = dev.client.conferences("coached").participants
            coaching = await dev.rest(people(cat_sid).fetch)
            assert (coaching.coaching, coaching.call_sid_to_coach) == (True, ann_sid)
            await cat.sipp.hang_up()
        await hears(ann, {BEN}, TONES)
        await dev.rest(dev.client.conferences(coaching.conference_sid).update, status="completed")


async def test_a_caller_in_a_queue_waits_on_through_a_restart_and_is_served(
    dev: Developer,
) -> None:
    dev.app.twiml("/wait", "<Pause length='60'/>")
    dev.app.twiml("/after", "<Hangup/>")
    waits = '<Enqueue action="/after" waitUrl="/wait">patient</Enqueue>'
    number = await dev.number(dev.app.twiml("/waits", waits))
    agent_number = await dev.number(dev.app.twiml("/agent", "<Dial><Queue>patient</Queue></Dial>"))
    async with call(dev.stack.sip, number) as ann, speaking(ann, ANN):
        first = (await dev.app.wait_for("/wait")).params
        await adopted(dev, first["CallSid"])
        again = (await dev.app.wait_for("/wait", 2)).params
        assert (again["CallSid"], again["QueueSid"]) == (first["CallSid"], first["QueueSid"])
        assert again["QueuePosition"] == "1"
        async with call(dev.stack.sip, agent_number) as agent, speaking(agent, BEN):
            await hears(agent, {ANN}, TONES)
            await hears(ann, {BEN}, TONES)
            await agent.sipp.hang_up()
        result = (await dev.app.wait_for("/after")).params
        assert (result["CallSid"], result["QueueResult"]) == (first["CallSid"], "bridged")
        await ann.hung_up()
    assert len(dev.app.received("/waits")) == 1
